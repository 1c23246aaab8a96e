# Static site: files from a plain web server, long-lived assets, pages that may be some minutes old.
#
# Promise:
#   * Assets stay for 30 days unless the origin forbids it.
#   * Pages stay for 5 minutes unless the origin says how long.
#   * A page that has expired is served for another hour while one background fetch renews it.
#   * Cookies never reach the origin, and the origin's cookies never reach a visitor.
#   * Query parameters that only trackers read make no second copy of an asset; a version such as ?v=3 does.
#   * A reload in the browser does not send an asset's request to the origin.
#   * What is missing is asked for again after a minute.
#   * What the origin calls private or no-store is never stored.
#   * Methods other than GET and HEAD never reach the origin.
# Adapt: the backend; the list of endings that are assets; the list of parameters that are noise.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }
    unset req.http.Cookie;
    unset req.http.X-Asset;
    if (req.url ~ "(?i)^[^?]*\.(?:avif|css|gif|ico|jpe?g|js|map|mjs|mp4|pdf|png|svg|ttf|webm|webp|woff2?)(?:\?|$)") {
        set req.http.X-Asset = "yes";
        set req.url = regsuball(req.url, "(?i)(^[^?]*\?|&)(?:utm_[a-z_]+|gclid|fbclid|msclkid|_)(?:=[^&]*)?(?=&|$)", "\1");
        set req.url = regsuball(req.url, "&(?=&|$)", "");
        set req.url = regsub(regsub(req.url, "\?&", "?"), "\?$", "");
        # Assets change their name or version when they change: there is nothing to reload.
        unset req.http.Cache-Control;
        unset req.http.Pragma;
    }
}

sub vcl_synth {
    if (resp.status == 405) {
        set resp.http.Allow = "GET, HEAD";
    }
}

sub vcl_backend_response {
    unset beresp.http.Set-Cookie;
    if (beresp.http.Cache-Control ~ "(?i)no-cache|no-store|private") {
        # The built-in rules and the policy know what to do.
    } elsif (beresp.status == 200 && bereq.http.X-Asset) {
        set beresp.ttl = 30d;
        set beresp.grace = 1d;
    } elsif (beresp.status == 200) {
        if (!beresp.http.Cache-Control && !beresp.http.Expires) {
            set beresp.ttl = 5m;
        }
        if (beresp.ttl > 0s) {
            set beresp.grace = 1h;
        }
    } elsif (beresp.status == 404 || beresp.status == 410) {
        set beresp.ttl = 1m;
        set beresp.grace = 0s;
    }
}
