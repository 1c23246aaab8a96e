# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub constructor { } sub prototype { } sub toString { } acl hasOwnProperty { } backend valueOf { .host = "127.0.0.1"; }
unused constructor; unused prototype; unused toString; unused hasOwnProperty; unused valueOf;
sub vcl_recv { call constructor; call toString; set req.backend_hint = valueOf; set req.http."__proto__" = req.http."__proto__" + "a"; set req.http.constructor = req.http.prototype; }
