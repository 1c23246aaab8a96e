# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub a { call b; } sub b { call c; } sub c { call a; } sub vcl_recv { call a; }
