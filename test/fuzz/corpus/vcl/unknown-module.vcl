# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
import constructor; import toString from "a"; sub vcl_recv { constructor.a(); }
