# Health: the site stays up while its servers are down.
#
# Promise:
#   * Each server is asked for /health every two seconds, and gets pages to answer while three of its last
#     five answers were good.
#   * A server that is sick is not asked for pages: the other one is.
#   * While one of them is well a page is served for ten seconds after it has expired, and renewed meanwhile.
#   * While both are sick a page is served for a day after it has expired, and nobody waits for it.
#   * What is not stored then is answered 503 at once.
#   * When one is well again pages are new again.
#   * /alive says 200 while a server is well, and 503 while none is.
# Adapt: the backends; the probe; the ten seconds in vcl_recv; the day in vcl_backend_response.
# Policy: rfc9111, varnish

vcl 4.1;

import directors;
import std;

probe up {
    .url = "/health";
    .interval = 2s;
    .timeout = 1s;
    .window = 5;
    .threshold = 3;
}

backend app1 {
    .host = "127.0.0.1";
    .port = "8081";
    .probe = up;
}

backend app2 {
    .host = "127.0.0.1";
    .port = "8082";
    .probe = up;
}

sub vcl_init {
    new servers = directors.round_robin();
    servers.add_backend(app1);
    servers.add_backend(app2);
}

sub vcl_recv {
    set req.backend_hint = servers.backend();

    # For whatever watches over this cache.
    if (req.url == "/alive") {
        if (std.healthy(req.backend_hint)) {
            return (synth(200, "OK"));
        }
        return (synth(503, "No server is well"));
    }

    # While all is well nobody needs to see anything that is older. While it is not, the day holds.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 10s;
    }
}

sub vcl_backend_response {
    if (beresp.ttl > 0s && beresp.http.Cache-Control !~ "(?i)must-revalidate|proxy-revalidate|no-cache|no-store|private") {
        set beresp.grace = 1d;
    }
}
