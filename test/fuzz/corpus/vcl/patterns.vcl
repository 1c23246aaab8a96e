# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { if (req.http.a ~ "â€¨[©/`]\/${x}") { set req.http.b = regsub(req.url, "(/)", "\1`${x}$&"); } }
