# refused
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
backend b { .host = "a"; .constructor = "b"; .toString = 1; .port = "constructor"; } probe p { .valueOf = 1; }
