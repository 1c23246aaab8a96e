# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { set req.http.a = regsuball(req.url, "(.)", "$1$&$`\0\9"); set client.identity = "$"; set req.method = "GET$&"; set req.backend_hint = default; }
