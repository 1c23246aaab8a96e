# What did the cache do? Every response says so; staff learn more; what is nobody's business is removed.
#
# Promise:
#   * X-Cache says HIT, STALE, MISS, PASS or SYNTH.
#   * X-Cache-Hits counts how often the stored copy was used; others than hits have none.
#   * Staff who send X-Cache-Debug also see age, remaining life, grace and backend; nobody else does.
#   * A client cannot write any of these itself, and the origin's own X-Cache is replaced.
#   * Server, X-Powered-By and the like never leave, errors included.
#   * Nothing of this reaches the origin, and responses are cached as before.
# Adapt: the backend; the addresses of your staff; the list of fields to remove.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl staff {
    "127.0.0.1";
    "::1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    if (client.ip !~ staff) {
        unset req.http.X-Cache-Debug;
    }
}

sub vcl_hit {
    if (obj.ttl > 0s) {
        set req.http.X-Cache = "HIT";
    } else {
        set req.http.X-Cache = "STALE";
    }
}

sub vcl_miss {
    set req.http.X-Cache = "MISS";
}

sub vcl_pass {
    set req.http.X-Cache = "PASS";
}

sub vcl_backend_fetch {
    unset bereq.http.X-Cache;
    unset bereq.http.X-Cache-Debug;
}

sub vcl_backend_response {
    set beresp.http.X-Cache-Backend = beresp.backend.name;
}

sub vcl_deliver {
    set resp.http.X-Cache = req.http.X-Cache;
    unset resp.http.X-Cache-Hits;
    if (req.http.X-Cache == "HIT" || req.http.X-Cache == "STALE") {
        set resp.http.X-Cache-Hits = obj.hits;
    }
    if (req.http.X-Cache-Debug) {
        set resp.http.X-Cache-Age = obj.age;
        set resp.http.X-Cache-TTL = obj.ttl;
        set resp.http.X-Cache-Grace = obj.grace;
    } else {
        unset resp.http.X-Cache-Backend;
    }
    call remove_internal;
}

sub vcl_synth {
    set resp.http.X-Cache = "SYNTH";
    call remove_internal;
}

sub remove_internal {
    unset resp.http.Server;
    unset resp.http.Via;
    unset resp.http.X-Powered-By;
    unset resp.http.X-Generator;
    unset resp.http.X-Runtime;
    unset resp.http.X-AspNet-Version;
    unset resp.http.X-Varnish;
}
