vcl 4.1;

# A shop's rules as they are found in the wild: what bench/micro/vcl/hit.ts runs on each hit. PORT is the origin's.

import std;

backend default {
    .host = "127.0.0.1";
    .port = "PORT";
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
}

backend media {
    .host = "127.0.0.1";
    .port = "PORT";
}

acl purgers {
    "127.0.0.1";
    "10.0.0.0"/8;
    "192.168.0.0"/16;
    ! "192.168.66.0"/24;
}

acl staff {
    "203.0.113.0"/24;
    "2001:db8::"/32;
}

# ---- requests

sub vcl_recv {
    call clean_request;
    call normalise_host;
    call purging;
    call routing;
    call tracking;
    call uncached;
    call detect_device;
    call cookies;
    if (req.http.Accept-Encoding) {
        if (req.url ~ "\.(jpg|jpeg|png|gif|webp|gz|tgz|bz2|zip|mp3|mp4|ogg|woff2?)(\?|$)") {
            unset req.http.Accept-Encoding;
        } elsif (req.http.Accept-Encoding ~ "gzip") {
            set req.http.Accept-Encoding = "gzip";
        } else {
            unset req.http.Accept-Encoding;
        }
    }
    set req.grace = 30s;
    return (hash);
}

sub clean_request {
    unset req.http.Proxy;
    unset req.http.X-Device;
    unset req.http.X-Currency;
    unset req.http.X-Cache-Debug;
    if (client.ip ~ staff) {
        set req.http.X-Cache-Debug = "1";
    }
    if (req.restarts == 0) {
        set req.http.X-Forwarded-Proto = "https";
    }
}

sub normalise_host {
    set req.http.Host = regsub(req.http.Host, ":[0-9]+$", "");
    if (req.http.Host ~ "^(?i)(www\.)?shop\.example\.org$") {
        set req.http.Host = "www.shop.example.org";
        set req.http.X-Site = "org";
    } elsif (req.http.Host ~ "^(?i)(www\.)?shop\.example\.com$") {
        set req.http.X-Site = "com";
    }
}

sub purging {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(405, "Not allowed"));
        }
        return (purge);
    }
    if (req.method == "BAN") {
        if (client.ip !~ purgers) {
            return (synth(405, "Not allowed"));
        }
        if (!std.ban("req.http.host == " + req.http.Host + " && req.url ~ " + req.url)) {
            return (synth(400, std.ban_error()));
        }
        return (synth(200, "Banned"));
    }
    if (req.method != "GET" && req.method != "HEAD" && req.method != "POST" && req.method != "PUT" && req.method != "DELETE"
        && req.method != "OPTIONS" && req.method != "PATCH") {
        return (synth(405));
    }
}

sub routing {
    if (req.url ~ "^/(media|static)/") {
        set req.backend_hint = media;
    } else {
        set req.backend_hint = default;
    }
    if (req.url == "/old" || req.url == "/old/") {
        set req.http.X-Redirect = "https://" + req.http.Host + "/";
        return (synth(301));
    }
    if (req.url ~ "^/(wp-admin|phpmyadmin|\.git|\.env)") {
        return (synth(404));
    }
}

sub tracking {
    if (req.url ~ "(\?|&)(utm_[a-z]+|gclid|fbclid|msclkid|mc_cid|mc_eid|_ga)=") {
        set req.url = regsuball(req.url, "(utm_[a-z]+|gclid|fbclid|msclkid|mc_cid|mc_eid|_ga)=[-_A-Za-z0-9+()%.]+&?", "");
        set req.url = regsub(req.url, "[?&]+$", "");
    }
    if (req.url ~ "#") {
        set req.url = regsub(req.url, "#.*$", "");
    }
    if (req.url ~ "\?$") {
        set req.url = regsub(req.url, "\?$", "");
    }
    set req.url = std.querysort(req.url);
}

sub uncached {
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.http.Authorization) {
        return (pass);
    }
    if (req.url ~ "^/(cart|checkout|account|admin|customer|wishlist)(/|$|\?)") {
        return (pass);
    }
    if (req.url ~ "^/api/" && req.url !~ "^/api/(products|categories)") {
        return (pass);
    }
    if (req.http.X-Requested-With == "XMLHttpRequest" && req.url ~ "ajax") {
        return (pass);
    }
}

sub detect_device {
    if (req.http.User-Agent ~ "(?i)ipad|tablet|playbook|silk") {
        set req.http.X-Device = "tablet";
    } elsif (req.http.User-Agent ~ "(?i)mobile|iphone|android|phone|blackberry") {
        set req.http.X-Device = "phone";
    } else {
        set req.http.X-Device = "desktop";
    }
}

sub cookies {
    if (req.http.Cookie) {
        if (req.http.Cookie ~ "(^|;\s*)currency=([A-Z]{3})") {
            set req.http.X-Currency = regsub(req.http.Cookie, "^(?:.*;\s*)?currency=([A-Z]{3}).*$", "\1");
        }
        if (req.http.Cookie ~ "(^|;\s*)(session|cart_items)=") {
            return (pass);
        }
        unset req.http.Cookie;
    }
}

sub vcl_hash {
    hash_data(req.url);
    hash_data(req.http.Host);
    hash_data(req.http.X-Device);
    if (req.http.X-Currency) {
        hash_data(req.http.X-Currency);
    }
    return (lookup);
}

sub vcl_hit {
    if (obj.ttl >= 0s) {
        return (deliver);
    }
    if (std.healthy(req.backend_hint)) {
        set req.grace = 10s;
    }
    return (deliver);
}

# ---- responses

sub vcl_backend_response {
    set beresp.grace = 6h;
    if (bereq.url ~ "^/(media|static)/") {
        unset beresp.http.Set-Cookie;
        set beresp.ttl = 30d;
    } elsif (beresp.status == 404) {
        set beresp.ttl = 30s;
    } elsif (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
    if (req.http.X-Cache-Debug) {
        set resp.http.X-Cache-Hits = obj.hits;
        set resp.http.X-Cache-Device = req.http.X-Device;
    }
    unset resp.http.Server;
    unset resp.http.X-Powered-By;
    unset resp.http.Via;
    set resp.http.X-Frame-Options = "SAMEORIGIN";
}

sub vcl_synth {
    if (resp.status == 301) {
        set resp.http.Location = req.http.X-Redirect;
        return (deliver);
    }
}
