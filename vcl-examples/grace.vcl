# Grace: visitors do not wait for a slow origin, and do not notice a broken one.
#
# Promise:
#   * For a minute after it has expired a page is served at once, while one background fetch renews it.
#   * After that minute a visitor waits for a new one.
#   * When the origin cannot be reached, a page is served for six hours after it has expired.
#   * When the origin answers 500 to 504, the old page is served instead, and is not replaced.
#   * After six hours, or when there never was a page, the visitor sees the error.
#   * A page that must be revalidated, or that the origin forbids to store, is never served stale.
#   * A visitor who has to wait asks the origin once: no error is fetched twice.
#   * Forms are never sent twice.
# Adapt: the backend; the minute in vcl_recv; the six hours in vcl_backend_response.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 1s;
    .first_byte_timeout = 10s;
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.X-Second-Look;
        set req.grace = 1m;
    } else {
        # The origin has failed: whatever is there will do.
        set req.grace = 6h;
    }
}

sub vcl_miss {
    if (req.http.X-Second-Look) {
        return (synth(503, "Service Unavailable"));
    }
}

sub vcl_backend_response {
    if (beresp.status >= 500 && beresp.status <= 504 && !bereq.uncacheable) {
        # What is stored is better than this: neither this nor a hit-for-miss may stand in front of it.
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        return (error(beresp.status, beresp.reason));
    }
    if (beresp.ttl > 0s && beresp.http.Cache-Control !~ "(?i)must-revalidate|proxy-revalidate|no-cache|no-store|private") {
        set beresp.grace = 6h;
    }
}

sub vcl_deliver {
    if (resp.status >= 500 && resp.status <= 504) {
        call look_again;
    }
}

sub vcl_synth {
    if (resp.status == 503) {
        call look_again;
    }
}

# Once more, with the long grace; if nothing is there, vcl_miss ends it. Lacquer falls back on what is in grace by
# itself and comes here only when nothing is; Varnish needs the second look.
sub look_again {
    if (req.restarts == 0 && (req.method == "GET" || req.method == "HEAD")) {
        set req.http.X-Second-Look = "yes";
        return (restart);
    }
}
