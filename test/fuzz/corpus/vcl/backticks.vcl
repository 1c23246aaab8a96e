# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub vcl_recv { set req.http.a = "`${process.exit(1)}`"; set req.http."`" = "${1}"; std.log("`" + req.http."`" + "$&$1$`@$"); set req.url = "/`${x}"; }
