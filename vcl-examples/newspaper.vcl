# A newspaper: what is new within seconds, what is old within hours, and what costs money for those who pay.
#
# Promise:
#   * The front page and those of sections are 30 seconds old at most, the live ticker 5.
#   * An article stays for an hour, and for a day more while it is renewed or the newsroom is down.
#   * However many open a page at once, the newsroom is asked once.
#   * Readers and subscribers get different copies of an article: two in all, however many they are.
#   * A subscriber is who brings a cookie with a valid signature; nobody else is, whatever he sends.
#   * The newsroom is told in X-Subscriber, and only of articles; it sees no cookie.
#   * Browsers and caches behind this one do not keep what is for subscribers.
#   * An article that does not exist yet is asked for again after 10 seconds.
#   * Comments, the account and whatever changes something go to the newsroom, with all cookies.
# Adapt: the backend; the paths; the key that the cookie is signed with (subscriber=NUMBER.SIGNATURE, the signature being the HMAC-SHA-256 of
#   the number in hexadecimal digits). Whoever can read this file can make cookies.
# Policy: rfc9111, varnish

vcl 4.1;

import cookie;
import digest;

backend newsroom {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 20s;
}

sub vcl_recv {
    unset req.http.X-Subscriber;
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url ~ "^/(?:account|comments|search)(?:[/?]|$)") {
        return (pass);
    }
    if (req.url ~ "^/articles/") {
        call who_asks;
    }
    unset req.http.Cookie;
}

sub who_asks {
    set req.http.X-Subscriber = "no";
    cookie.parse(req.http.Cookie);
    if (cookie.get("subscriber") ~ "^[0-9]+\.[0-9a-f]{64}$") {
        # "0x" is in front of every HMAC.
        if ("0x" + regsub(cookie.get("subscriber"), "^[0-9]+\.", "")
            == digest.hmac_sha256("change me", regsub(cookie.get("subscriber"), "\..*$", ""))) {
            set req.http.X-Subscriber = "yes";
        }
    }
}

sub vcl_hash {
    # Where it is told, and nowhere else: what the newsroom does not know it cannot answer differently.
    if (req.http.X-Subscriber) {
        hash_data(req.http.X-Subscriber);
    }
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.status == 404) {
        set beresp.ttl = 10s;
        set beresp.grace = 0s;
        return (deliver);
    }
    if (beresp.status == 200 && beresp.http.Cache-Control !~ "(?i)no-store|private") {
        unset beresp.http.Set-Cookie;
        if (bereq.url ~ "^/live(?:[/?]|$)") {
            set beresp.ttl = 5s;
            set beresp.grace = 0s;
        } elsif (bereq.url ~ "^/articles/") {
            set beresp.ttl = 1h;
            set beresp.grace = 1d;
        } else {
            set beresp.ttl = 30s;
            set beresp.grace = 0s;
        }
    }
}

sub vcl_deliver {
    if (req.http.X-Subscriber == "yes") {
        set resp.http.Cache-Control = "private, no-store";
    }
}
