# Drupal: readers are served from the cache, sessions are not shared, and Drupal purges what it has changed.
#
# Promise:
#   * Readers share one copy of a page, whatever cookies analytics and consent tools have set; the origin sees none of these.
#   * A session or the "do not cache me" cookie of Drupal goes to the origin, with these cookies only, and is answered from there.
#   * Admin, user, cron and update pages always come from the origin; cron and update only for the addresses below.
#   * Files and images of themes are the same for everyone, sessions or not, and stay for a day.
#   * PURGE removes a page, BAN with Cache-Tags removes all pages that carry one of the tags; both for the addresses below only.
#   * The tags do not leave.
#   * Pages are served for six hours more while they are renewed, and while Drupal is down.
#   * Readers who send different Accept-Language headers share one copy for each language that the site has.
# Adapt: the backends (a single one will do); the addresses; the languages.
# Policy: rfc9111, varnish

vcl 4.1;

import accept;
import cookie;
import directors;
import std;

backend web1 {
    .host = "127.0.0.1";
    .port = "8081";
    .first_byte_timeout = 120s;
}

backend web2 {
    .host = "127.0.0.1";
    .port = "8082";
    .first_byte_timeout = 120s;
}

acl internal {
    "127.0.0.1";
    "192.0.2.0"/24;
}

sub vcl_init {
    new web = directors.round_robin();
    web.add_backend(web1);
    web.add_backend(web2);

    new language = accept.rule("en");
    language.add("de");
    language.add("fr");
}

sub vcl_recv {
    set req.backend_hint = web.backend();
    if (req.method == "PURGE" || req.method == "BAN") {
        if (client.ip !~ internal) {
            return (synth(403, "Not allowed."));
        }
        if (req.method == "PURGE") {
            return (purge);
        }
        if (!req.http.Cache-Tags) {
            return (synth(400, "Cache-Tags header missing."));
        }
        ban("obj.http.Cache-Tags ~ (^|\s)(" + regsuball(req.http.Cache-Tags, "\s+", "|") + ")(\s|$)");
        return (synth(200, "Ban added."));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url ~ "^/(?:cron|update|install)(?:\.php|/|$)" && client.ip !~ internal) {
        return (synth(404, "Not Found"));
    }
    if (req.url ~ "^/(?:admin|user|cron|update|install)(?:[./?]|$)" || req.url ~ "/ajax(?:/|$)") {
        return (pass);
    }
    set req.http.Accept-Language = language.filter(req.http.Accept-Language);
    if (req.url ~ "^[^?]*\.(?:css|js|png|gif|jpe?g|svg|webp|ico|woff2?)(?:\?|$)") {
        unset req.http.Cookie;
        return (hash);
    }
    cookie.parse(req.http.Cookie);
    cookie.keep_re("^(?:S?SESS[a-z0-9]+|NO_CACHE)$");
    if (cookie.get_string() == "") {
        unset req.http.Cookie;
        return (hash);
    }
    set req.http.Cookie = cookie.get_string();
    return (pass);
}

sub vcl_backend_response {
    if (bereq.url ~ "^[^?]*\.(?:css|js|png|gif|jpe?g|svg|webp|ico|woff2?)(?:\?|$)" && beresp.status == 200) {
        unset beresp.http.Set-Cookie;
        set beresp.ttl = 1d;
    }
    set beresp.grace = 6h;
}

sub vcl_deliver {
    unset resp.http.Cache-Tags;
    unset resp.http.X-Drupal-Cache;
    unset resp.http.X-Generator;
}
