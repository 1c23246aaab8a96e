vcl 4.0;

# The rules behind every rule file under `-p policy=varnish`: what an operator who comes from Varnish 7 expects.
# A vcl_ sub of yours runs first; what it does not end with a return comes here. Each step is a sub of its own, so
# that your rules may put something in front of one step only, or return early from it.

# ---- client side

sub vcl_recv {
    call vcl_builtin_recv;
    return (hash);
}

sub vcl_builtin_recv {
    call vcl_req_host;
    call vcl_req_method;
    call vcl_req_authorization;
    call vcl_req_cookie;
}

# One spelling of a host is one key. HTTP/1.1 must name it (RFC 9112 section 3.2).
sub vcl_req_host {
    if (req.http.host ~ "[A-Z]") {
        set req.http.host = req.http.host.lower();
    }
    if (!req.http.host && req.esi_level == 0 && req.proto == "HTTP/1.1") {
        return (synth(400));
    }
}

# Only GET and HEAD are looked up. What is not known at all is handed through byte by byte.
sub vcl_req_method {
    if (req.method == "PRI") {
        return (synth(405));
    }
    if (req.method !~ "^(?:GET|HEAD|PUT|POST|TRACE|OPTIONS|DELETE|PATCH)\z") {
        return (pipe);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
}

# Answers to someone we know are for that one only.
sub vcl_req_authorization {
    if (req.http.authorization) {
        return (pass);
    }
}

sub vcl_req_cookie {
    if (req.http.cookie) {
        return (pass);
    }
}

sub vcl_hash {
    call vcl_builtin_hash;
    return (lookup);
}

sub vcl_builtin_hash {
    hash_data(req.url);
    if (req.http.host) {
        hash_data(req.http.host);
    } else {
        hash_data(server.ip);
    }
}

sub vcl_pipe {
    call vcl_builtin_pipe;
    return (pipe);
}

sub vcl_builtin_pipe {
}

sub vcl_pass {
    call vcl_builtin_pass;
    return (fetch);
}

sub vcl_builtin_pass {
}

sub vcl_hit {
    call vcl_builtin_hit;
    return (deliver);
}

sub vcl_builtin_hit {
}

sub vcl_miss {
    call vcl_builtin_miss;
    return (fetch);
}

sub vcl_builtin_miss {
}

sub vcl_purge {
    call vcl_builtin_purge;
    return (synth(200, "Purged"));
}

sub vcl_builtin_purge {
}

sub vcl_deliver {
    call vcl_builtin_deliver;
    return (deliver);
}

sub vcl_builtin_deliver {
}

sub vcl_synth {
    call vcl_builtin_synth;
    return (deliver);
}

# The reason may quote the client: it must not become markup.
sub vcl_builtin_synth {
    set resp.http.Content-Type = "text/html; charset=utf-8";
    set resp.http.Retry-After = "5";
    set resp.body = {"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>"} + resp.status + " " + regsuball(resp.reason, "[<>&]", "?") + {"</title></head>
<body>
<h1>Error "} + resp.status + " " + regsuball(resp.reason, "[<>&]", "?") + {"</h1>
<p>XID: "} + req.xid + {"</p>
</body>
</html>
"};
}

# ---- origin side

sub vcl_backend_fetch {
    call vcl_builtin_backend_fetch;
    return (fetch);
}

sub vcl_builtin_backend_fetch {
    if (bereq.method == "GET") {
        unset bereq.body;
    }
}

# The origin has confirmed what is stored: it is served, and kept, with what the 304 says anew. Whether it may be has been seen to;
# but it may have been purged or banned meanwhile: then the whole is fetched.
sub vcl_backend_refresh {
    call vcl_builtin_backend_refresh;
    return (merge);
}

sub vcl_builtin_backend_refresh {
    call vcl_refresh_valid;
    call vcl_refresh_conditions;
    call vcl_refresh_status;
}

sub vcl_refresh_valid {
    if (!obj_stale.is_valid) {
        return (retry);
    }
}

sub vcl_refresh_conditions {
}

sub vcl_refresh_status {
}

sub vcl_backend_response {
    call vcl_builtin_backend_response;
    return (deliver);
}

# What a shared cache should not keep becomes hit-for-miss: for two minutes nobody waits for anybody on that URL.
sub vcl_builtin_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    call vcl_beresp_stale;
    call vcl_beresp_cookie;
    call vcl_beresp_control;
    call vcl_beresp_vary;
}

sub vcl_beresp_stale {
    if (beresp.ttl <= 0s) {
        call vcl_beresp_hitmiss;
    }
}

sub vcl_beresp_cookie {
    if (beresp.http.set-cookie) {
        call vcl_beresp_hitmiss;
    }
}

sub vcl_beresp_control {
    if (beresp.http.surrogate-control ~ "(?i)no-store") {
        call vcl_beresp_hitmiss;
    }
    if (!beresp.http.surrogate-control && beresp.http.cache-control ~ "(?i:no-cache|no-store|private)") {
        call vcl_beresp_hitmiss;
    }
}

sub vcl_beresp_vary {
    if (beresp.http.vary == "*") {
        call vcl_beresp_hitmiss;
    }
}

sub vcl_beresp_hitmiss {
    set beresp.ttl = 120s;
    set beresp.uncacheable = true;
    return (deliver);
}

sub vcl_backend_error {
    call vcl_builtin_backend_error;
    return (deliver);
}

sub vcl_builtin_backend_error {
    set beresp.http.Content-Type = "text/html; charset=utf-8";
    set beresp.http.Retry-After = "5";
    set beresp.body = {"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>"} + beresp.status + " " + regsuball(beresp.reason, "[<>&]", "?") + {"</title></head>
<body>
<h1>Error "} + beresp.status + " " + regsuball(beresp.reason, "[<>&]", "?") + {"</h1>
<p>The server behind this address did not answer.</p>
<p>XID: "} + bereq.xid + {"</p>
</body>
</html>
"};
}

# ---- housekeeping

sub vcl_init {
    return (ok);
}

sub vcl_fini {
    return (ok);
}
