# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { set req.constructor = "a"; set constructor.x = "b"; set req.http = "c"; unset host.x; }
