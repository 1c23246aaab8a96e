# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
C{ process.exit(1) }C
sub vcl_recv { C{ } }C }
