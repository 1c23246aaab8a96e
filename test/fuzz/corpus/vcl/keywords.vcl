# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub function { } sub return-x { } sub await { call function; } sub yield { call await; } sub let { call yield; } sub arguments { call let; } sub eval { call arguments; }
sub vcl_recv { call eval; call return-x; set req.http.this = req.http.new; if (req.http.class) { unset req.http.delete; } }
