vcl 4.1;

# Built-in rules of policy=rfc9111: what may be stored and reused is the policy's business, not the rules'.

sub vcl_req_host {
    if (req.http.host) {
        set req.http.host = req.http.host.lower();
    }
}

sub vcl_builtin_recv {
    call vcl_req_host;
    return (hash);
}
sub vcl_recv { call vcl_builtin_recv; }

sub vcl_builtin_hash {
    hash_data(req.url);
    if (req.http.host) {
        hash_data(req.http.host);
    } else {
        hash_data(server.ip);
    }
    return (lookup);
}
sub vcl_hash { call vcl_builtin_hash; }

sub vcl_pipe { return (pipe); }
sub vcl_pass { return (fetch); }
sub vcl_hit { return (deliver); }
sub vcl_miss { return (fetch); }
sub vcl_purge { return (synth(200, "Purged")); }
sub vcl_deliver { return (deliver); }
sub vcl_synth {
    set resp.http.Content-Type = "text/html; charset=utf-8";
    set resp.http.Retry-After = "5";
    set resp.body = "<!DOCTYPE html><title>" + resp.status + " " + resp.reason + "</title>";
    return (deliver);
}
sub vcl_backend_fetch { return (fetch); }
sub vcl_backend_response { return (deliver); }
sub vcl_backend_error {
    set beresp.http.Content-Type = "text/html; charset=utf-8";
    set beresp.http.Retry-After = "5";
    set beresp.body = "<!DOCTYPE html><title>" + beresp.status + " " + beresp.reason + "</title>";
    return (deliver);
}
