vcl 4.0;
import std;
import directors;
import purge;
import var;
import blob;
import vsthrottle;

backend m1 { .host = "127.0.0.1"; .port = "8080"; .first_byte_timeout = 600s; }
backend m2 { .host = "127.0.0.1"; .port = "8081"; }
acl purgers { "127.0.0.1"; "localhost"; }

sub vcl_init {
    new app = directors.shard();
    app.add_backend(m1);
    app.add_backend(m2, weight=2.0);
    app.reconfigure(replicas=50);
    new fb = directors.fallback(sticky = true);
    fb.add_backend(app.backend());
    fb.add_backend(m1);
    new salt = blob.blob(HEX, "deadbeef");
}
sub vcl_recv {
    set req.backend_hint = fb.backend();
    if (req.restarts > 0) { set req.hash_always_miss = true; }
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) { return (synth(405, "Method not allowed")); }
        if (!req.http.X-Magento-Tags-Pattern && !req.http.X-Pool) { return (synth(400, "X-Magento-Tags-Pattern or X-Pool header required")); }
        if (req.http.X-Magento-Tags-Pattern) { ban("obj.http.X-Magento-Tags ~ " + req.http.X-Magento-Tags-Pattern); }
        if (req.http.X-Pool) { ban("obj.http.X-Pool ~ " + req.http.X-Pool); }
        return (synth(200, "Purged"));
    }
    if (req.method != "GET" && req.method != "HEAD" && req.method != "PUT" && req.method != "POST" && req.method != "TRACE" && req.method != "OPTIONS" && req.method != "DELETE") { return (pipe); }
    if (req.method != "GET" && req.method != "HEAD") { return (pass); }
    if (vsthrottle.is_denied(client.identity, 100, 10s)) { return (synth(429)); }
    var.set_ip("who", client.ip);
    var.set_backend("b", app.backend(by=URL));
    if (var.get_backend("b")) { std.log("b " + var.get_backend("b") + " " + blob.encode(encoding=HEX, blob=salt.get())); }
    if (req.url ~ "/checkout" || req.url ~ "/customer") { return (pass); }
    std.collect(req.http.Cookie);
    if (req.url ~ "(\?|&)(gclid|cx|_ga)=") {
        set req.url = regsuball(req.url, "(gclid|cx|_ga)=[-_A-z0-9+()%.]+&?", "");
        set req.url = regsub(req.url, "[?|&]+$", "");
    }
    return (hash);
}
sub vcl_hash {
    if (req.http.cookie ~ "X-Magento-Vary=") { hash_data(regsub(req.http.cookie, "^.*?X-Magento-Vary=([^;]+);*.*$", "\1")); }
}
sub vcl_hit { if (req.method == "PURGE") { purge.soft(0s); } }
sub vcl_backend_fetch { if (bereq.retries > 0) { set bereq.backend = app.backend(resolve=LAZY, alt=bereq.retries, healthy=ALL); } }
sub vcl_backend_response {
    set beresp.grace = 3d;
    if (beresp.status != 200 && beresp.status != 404) { set beresp.ttl = 0s; set beresp.uncacheable = true; return (deliver); }
    if (beresp.http.Cache-Control ~ "private") { set beresp.uncacheable = true; set beresp.ttl = 86400s; return (deliver); }
    return (deliver);
}
sub vcl_deliver {
    if (resp.http.X-Magento-Debug) { if (resp.http.x-varnish ~ " ") { set resp.http.X-Magento-Cache-Debug = "HIT"; } }
    unset resp.http.X-Magento-Tags;
}
