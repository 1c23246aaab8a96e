# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_init { new constructor = directors.round_robin(); new prototype = directors.random(); constructor.add_backend(default); prototype.add_backend(default, 1.0); }
sub vcl_recv { set req.backend_hint = constructor.backend(); set req.http.a = constructor.backend(); }
