# accepted
vcl 4.1;
import std;
import directors;
backend default { .host = "127.0.0.1"; }
sub runtime { } sub host { call runtime; } sub at { call host; } sub failed { call at; } sub places { call failed; } sub c { call places; } sub r { call c; }
acl acl0 { } acl matchAcl0 { "10.0.0.0"/8; } backend declared0 { .host = "127.0.0.1"; } backend backend0 { .host = "127.0.0.2"; } unused declared0; unused backend0;
sub vcl_recv { call r; if (client.ip ~ matchAcl0 || client.ip ~ acl0) { return (pass); } }
