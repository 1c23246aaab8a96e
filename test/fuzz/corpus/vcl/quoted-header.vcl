# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { set req.http."a b" = "c"; set req.http."" = "c"; set req.http."a\" = "c"; }
