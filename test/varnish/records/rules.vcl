vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "@PORT@"; }
backend dead { .host = "127.0.0.1"; .port = "1"; }
acl near { "127.0.0.1"; "10.0.0.0"/8; }
acl away { "10.0.0.0"/8; }
sub vcl_recv {
  if (req.url ~ "^/pass") { return (pass); }
  if (req.url ~ "^/pipe") { return (pipe); }
  if (req.url ~ "^/synth") { return (synth(700, "Made up")); }
  if (req.url ~ "^/restart" && req.restarts == 0) { set req.http.X-Again = "yes"; return (restart); }
  if (req.url ~ "^/purge") { return (purge); }
  if (req.url ~ "^/dead") { set req.backend_hint = dead; }
  if (req.url ~ "^/acl") { if (client.ip ~ near) { set req.http.A = "1"; } if (client.ip ~ away) { set req.http.B = "1"; } }
  if (req.url ~ "^/log") { std.log("key:value"); set req.http.Host = "other"; unset req.http.User-Agent; set req.url = "/log2"; }
  if (req.url ~ "^/fail") { return (fail); }
  if (req.url ~ "^/err") { return (hash); }
  if (req.url ~ "^/ban") { ban("obj.http.x-ban == yes"); return (synth(200, "banned")); }
}
sub vcl_backend_fetch {
  if (bereq.url ~ "^/abandon") { return (abandon); }
}
sub vcl_backend_response {
  set beresp.do_esi = bereq.url ~ "^/esi";
  if (bereq.url ~ "^/gz") { set beresp.do_gzip = true; }
  if (bereq.url ~ "^/gunz") { set beresp.do_gunzip = true; }
  if (bereq.url ~ "^/hfp") { return (pass(10s)); }
  if (bereq.url ~ "^/grace") { set beresp.ttl = 1ms; set beresp.grace = 1h; }
  if (bereq.url ~ "^/keep") { set beresp.ttl = 1ms; set beresp.grace = 0s; set beresp.keep = 1h; }
  if (bereq.url ~ "^/retry" && bereq.retries == 0) { return (retry); }
  if (bereq.url ~ "^/berr") { return (error(503, "No")); }
  if (bereq.url ~ "^/hdr") { set beresp.http.X-New = "1"; unset beresp.http.Server; set beresp.status = 201; set beresp.ttl = 5m; }
}
sub vcl_backend_error { if (bereq.url ~ "^/berr2") { return (retry); } }
sub vcl_deliver {
  if (req.url ~ "^/drestart" && req.restarts == 0) { return (restart); }
  if (req.url ~ "^/dsynth") { return (synth(404, "late")); }
  if (req.url ~ "^/hdr") { set resp.http.X-D = "2"; unset resp.http.Via; set resp.status = 202; }
}
