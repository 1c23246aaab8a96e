# Nobody may ask too much: limits for each address, for each API key and for logins.
#
# Promise:
#   * An address may ask for 30 pages in 10 seconds; then it is answered 429 until there is room again.
#   * What is in the cache counts, too; files do not.
#   * Ten logins in a minute are the most for an address; after that it may not try again for 5 minutes.
#   * Each API key has 100 requests a minute, however many addresses use it, and is told what is left.
#   * An answer of 429 says when to come back, and is not cached.
#   * Our own monitoring is never limited.
# Adapt: the backend; the figures; the paths; the addresses of your monitoring.
# Policy: rfc9111, varnish

vcl 4.1;

import vsthrottle;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl monitoring {
    "127.0.0.1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    unset req.http.X-Left;
    unset req.http.X-Wait;
    if (client.ip ~ monitoring || req.url ~ "^[^?]*\.(?:css|js|png|jpg|svg|woff2)(?:\?|$)") {
        return (hash);
    }
    if (req.url ~ "^/login(?:[/?]|$)" && req.method == "POST") {
        if (vsthrottle.is_denied("login " + client.ip, 10, 1m, 5m)) {
            set req.http.X-Wait = vsthrottle.blocked("login " + client.ip, 10, 1m, 5m);
            return (synth(429, "Too Many Logins"));
        }
        return (pass);
    }
    if (req.url ~ "^/api/" && req.http.X-Api-Key) {
        if (vsthrottle.is_denied("api " + req.http.X-Api-Key, 100, 1m)) {
            return (synth(429, "Too Many Requests"));
        }
        set req.http.X-Left = vsthrottle.remaining("api " + req.http.X-Api-Key, 100, 1m);
        return (pass);
    }
    if (vsthrottle.is_denied("page " + client.ip, 30, 10s)) {
        return (synth(429, "Too Many Requests"));
    }
}

sub vcl_deliver {
    if (req.http.X-Left) {
        set resp.http.X-RateLimit-Remaining = req.http.X-Left;
    }
}

sub vcl_synth {
    if (resp.status == 429) {
        # Whole seconds: a duration reads as "300.000".
        set resp.http.Retry-After = regsub("" + req.http.X-Wait, "\..*$", "");
        if (resp.http.Retry-After == "") {
            set resp.http.Retry-After = "10";
        }
        set resp.http.Cache-Control = "no-store";
        set resp.body = "Too many requests. Try again later.";
        return (deliver);
    }
}
