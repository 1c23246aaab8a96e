# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
acl constructor +log { "192.0.2.1"; ! "192.0.2.2"; } sub vcl_recv { if (client.ip !~ constructor) { return (synth(403, "`${x}")); } }
