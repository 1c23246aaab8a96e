# Maintenance: visitors see a friendly page while staff look at the site.
#
# Promise:
#   * While the file /run/lacquer/maintenance exists every visitor gets 503 and a page that says so.
#   * The page tells clients to come back in ten minutes, and is never kept by anyone.
#   * Programs that ask for JSON get JSON.
#   * Meanwhile no request of a visitor reaches the origin, whatever its method.
#   * Staff see the site as it is, and nothing that they look at is stored.
#   * /healthz is answered 200, so that a load balancer keeps sending visitors here.
#   * What was cached before is served again as soon as the file is gone.
# Adapt: the backend; the addresses of your staff; the file (touch it to begin, remove it to end); the text.
# Policy: rfc9111, varnish

vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl staff {
    "127.0.0.1";
    "::1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    if (std.file_exists("/run/lacquer/maintenance")) {
        if (req.url ~ "^/healthz(?:\?|$)") {
            return (synth(200));
        }
        if (client.ip !~ staff) {
            return (synth(10503, "Maintenance"));
        }
        return (pass);
    }
}

sub vcl_synth {
    if (resp.status == 10503) {
        set resp.status = 503;
        set resp.reason = "Service Unavailable";
        set resp.http.Retry-After = "600";
        set resp.http.Cache-Control = "no-store";
        if (req.http.Accept ~ "(?i)^application/(?:[a-z.-]+\+)?json") {
            set resp.http.Content-Type = "application/json";
            set resp.body = {"{"error":"maintenance","retry_after":600}
"};
        } else {
            set resp.http.Content-Type = "text/html; charset=utf-8";
            set resp.body = {"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>Back soon</title></head>
<body>
<h1>We are back soon</h1>
<p>The site is being looked after. Please try again in ten minutes.</p>
</body>
</html>
"};
        }
        return (deliver);
    }
}
