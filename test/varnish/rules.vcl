vcl 4.1;

# Loaded by varnishd and by lacquer serve -p policy=varnish alike: it shows what each makes of a response.

backend default {
    .host = "127.0.0.1";
    .port = "@PORT@";
}

sub vcl_recv {
    set req.http.X-How = "synth";
    if (req.http.X-Req-Grace) {
        set req.grace = 1s;
    }
    if (req.method == "PURGE") {
        return (purge);
    }
    if (req.url ~ "^/anybody/") {
        return (hash);
    }
}

sub vcl_hit {
    set req.http.X-How = "hit";
}

sub vcl_miss {
    set req.http.X-How = "miss";
    if (req.is_hitmiss) {
        set req.http.X-How = "hitmiss";
    }
}

sub vcl_pass {
    set req.http.X-How = "pass";
    if (req.is_hitpass) {
        set req.http.X-How = "hitpass";
    }
}

sub vcl_backend_response {
    set beresp.http.X-Initial = beresp.ttl + " " + beresp.grace + " " + beresp.keep + " " + beresp.uncacheable;
    if (bereq.url ~ "^/deliver/") {
        return (deliver);
    }
    if (bereq.url ~ "^/grace/") {
        set beresp.grace = 1h;
        return (deliver);
    }
    if (bereq.url ~ "^/keep/") {
        set beresp.grace = 0s;
        set beresp.keep = 1h;
        return (deliver);
    }
    if (bereq.url ~ "^/zero/") {
        set beresp.ttl = 0s;
        set beresp.grace = 1h;
        return (deliver);
    }
    if (bereq.url ~ "^/ttl/") {
        set beresp.ttl = 60s;
        return (deliver);
    }
    if (bereq.url ~ "^/hitpass/") {
        return (pass(60s));
    }
    if (bereq.url ~ "^/hitmiss/") {
        set beresp.uncacheable = true;
        set beresp.ttl = 60s;
        return (deliver);
    }
}

sub vcl_deliver {
    set resp.http.X-How = req.http.X-How;
    set resp.http.X-Hits = obj.hits;
    set resp.http.X-Obj = obj.ttl + " " + obj.grace + " " + obj.keep + " " + obj.uncacheable;
}
