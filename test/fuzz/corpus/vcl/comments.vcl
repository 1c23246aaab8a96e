# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
# */ process.exit(1) /*
// */ `${process.exit(1)}`
/* // # " `${} ` */
sub vcl_recv { set req.http.a = "*/"; set req.http.b = "//"; set req.http.c = "/*"; set req.http.d = "<!--"; set req.http.e = "-->"; }
