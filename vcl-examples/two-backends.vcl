# Two applications and a media store behind one address: routing by host and path, each with its own patience.
#
# Promise:
#   * api.example.com, and /api/ on the site, go to the application that serves the API.
#   * /media/ goes to the media store, under the name by which that store knows itself.
#   * Everything else on example.com and www.example.com goes to the site.
#   * Any other host is answered 421 and reaches nobody.
#   * An API that does not answer within 5 seconds is given up; the site has a minute.
#   * A client learns of a backend that is down by 503; the others go on.
#   * The same path on two hosts is never mixed up.
#   * The API is never cached; the site is, as it says, and media for a day.
# Adapt: the backends; the hosts; the paths.
# Policy: rfc9111, varnish

vcl 4.1;

backend site {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 60s;
}

backend api {
    .host = "127.0.0.1";
    .port = "8081";
    .connect_timeout = 1s;
    .first_byte_timeout = 5s;
    .between_bytes_timeout = 2s;
    .max_connections = 200;
}

backend media {
    .host = "127.0.0.1";
    .port = "8082";
    .host_header = "bucket.media.internal";
}

sub vcl_recv {
    set req.http.Host = regsub(req.http.Host.lower(), ":[0-9]+$", "");
    if (req.http.Host == "api.example.com") {
        set req.backend_hint = api;
        return (pass);
    }
    if (req.http.Host != "example.com" && req.http.Host != "www.example.com") {
        return (synth(421, "Misdirected Request"));
    }
    if (req.url ~ "^/api/") {
        set req.backend_hint = api;
        return (pass);
    }
    if (req.url ~ "^/media/") {
        set req.backend_hint = media;
        unset req.http.Cookie;
    } else {
        set req.backend_hint = site;
    }
}

sub vcl_backend_fetch {
    if (bereq.backend == media) {
        # .host_header is for requests that have none.
        set bereq.http.X-Forwarded-Host = bereq.http.Host;
        unset bereq.http.Host;
    }
}

sub vcl_backend_response {
    if (bereq.backend == media && beresp.status == 200) {
        unset beresp.http.Set-Cookie;
        set beresp.ttl = 1d;
    }
}
