# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { set req.http.a = req.url.constructor("a"); set req.http.b = req.url.__proto__; }
