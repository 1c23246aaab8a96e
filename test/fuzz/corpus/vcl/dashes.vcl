# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub a-b { } sub a--b { call a-b; } sub a-b- { call a--b; }
sub vcl_recv { call a-b-; set req.http.a--b = "c"; }
