/** Of vcl_recv: what rule files do to a request, of which random ones are made. They need `import std`. */
export const REQUEST_STATEMENTS: readonly string[] = [
  'set req.url = regsuball(req.url, "(utm|ref)=[^&]*&?", "");',
  'set req.url = std.querysort(req.url);',
  'if (req.url ~ "^/a") { set req.http.A = req.url; } elsif (req.url ~ "b") { unset req.http.A; set req.http.A = "b"; } else { set req.http.Z = "z"; }',
  'set req.http.Host = std.tolower(regsub(req.http.host, ":[0-9]+$", ""));',
  'unset req.http.Cookie;',
  'unset req.http.A; unset req.http.z; unset req.http.M;',
  'if (req.http.Cookie ~ "s=1") { return (pass); }',
  'set req.http.Cookie = regsuball(req.http.Cookie, "t=[0-9]+", "");',
  'if (req.http.User-Agent ~ "(?i)phone") { set req.http.M = "phone"; } else { set req.http.M = "other"; }',
  'set req.http.M = req.http.M + req.http.A + req.method;',
  'set req.grace = 10s;',
  'if (req.method == "HEAD") { set req.http.N = now; std.log("head"); }',
  'std.log("url " + req.url + " " + req.http.Cookie);',
  'if (req.restarts == 0) { set req.http.X-F = "1"; set req.http.x-f = "2"; }',
  'set req.http.N = std.integer(req.http.N, 3);',
]
