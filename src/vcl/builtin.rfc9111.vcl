vcl 4.0;

# The rules behind every rule file under `-p policy=rfc9111`, the default. Which requests may be answered from the
# cache, which responses may be kept and for whom (methods, Authorization, Cookie, Cache-Control, Vary, status) is
# decided by RFC 9110 and 9111 in the program itself; these rules only route. The subs are named as in the other
# edition, so that rule files that call or extend them run under both.

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

# One spelling of a host is one key. A request that lacks it does not come this far (RFC 9112 section 3.2).
sub vcl_req_host {
    if (req.http.host ~ "[A-Z]") {
        set req.http.host = req.http.host.lower();
    }
}

# What is not known is passed on, not piped: its answer is read as HTTP. A tunnel is for proxies that were asked to be
# one, and PRI is the preface of HTTP/2 gone astray (RFC 9113 section 3.4).
sub vcl_req_method {
    if (req.method == "CONNECT" || req.method == "PRI") {
        return (synth(405));
    }
    if (req.method != "GET" && req.method != "HEAD" && req.method !~ "^(?:QUERY|PUT|POST|OPTIONS|DELETE|PATCH|TRACE)\z") {
        return (pass);
    }
}

# Neither makes an answer private by itself (RFC 9111 section 3.5): for your rules to fill.
sub vcl_req_authorization {
}

sub vcl_req_cookie {
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
    # To others than the overloaded it says nothing (RFC 9110 section 10.2.3).
    if (resp.status == 503) {
        set resp.http.Retry-After = "5";
    }
    # RFC 9110 section 15.5.6.
    if (resp.status == 405 && !resp.http.Allow) {
        set resp.http.Allow = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";
    }
    set resp.body = {"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>"} + resp.status + " " + regsuball(resp.reason, "[<>&]", "?") + {"</title></head>
<body>
<h1>"} + resp.status + " " + regsuball(resp.reason, "[<>&]", "?") + {"</h1>
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

# Storing is the policy's business; each of these is for your rules to fill.
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
}

sub vcl_beresp_cookie {
}

sub vcl_beresp_control {
}

sub vcl_beresp_vary {
}

# For rules that want one: nobody waits on this URL for two minutes.
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
