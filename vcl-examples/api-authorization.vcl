# An API whose callers send Authorization: nothing is shared except what is listed as public.
#
# Promise:
#   * Whatever is not listed as public comes from the origin, for each caller, even if the origin calls it public.
#   * An answer that is not public tells browsers and caches behind this one not to keep it, unless the origin says otherwise.
#   * A public endpoint is asked for once a minute at most, whoever calls it and with whatever credentials.
#   * The origin never sees Authorization or Cookie on a public endpoint, so that its answer cannot depend on them.
#   * A public endpoint stays for as long as the origin says, if it says so, and not at all if it forbids it.
#   * A public answer may be read by pages of every origin.
#   * A client cannot call something public, and a public answer sets no cookie.
#   * A CORS preflight is answered here, with permission for the listed origins only.
#   * Calls that change something always reach the origin.
# Adapt: the backend; the public paths; the origins and fields that CORS allows.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 10s;
}

sub vcl_recv {
    unset req.http.X-Public;
    if (req.method == "OPTIONS" && req.http.Origin && req.http.Access-Control-Request-Method) {
        return (synth(10204, "Preflight"));
    }
    if ((req.method == "GET" || req.method == "HEAD") && req.url ~ "^/v1/(?:public|catalogue|status)(?:[/?]|$)") {
        set req.http.X-Public = "yes";
        unset req.http.Authorization;
        unset req.http.Cookie;
        unset req.http.Origin;
    } else {
        return (pass);
    }
}

sub vcl_synth {
    if (resp.status == 10204) {
        set resp.status = 204;
        set resp.reason = "No Content";
        set resp.http.Vary = "Origin";
        if (req.http.Origin ~ "^https://(?:app|admin)\.example\.com$") {
            set resp.http.Access-Control-Allow-Origin = req.http.Origin;
            set resp.http.Access-Control-Allow-Methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
            set resp.http.Access-Control-Allow-Headers = "Authorization, Content-Type";
            set resp.http.Access-Control-Max-Age = "600";
        }
        return (deliver);
    }
}

sub vcl_backend_response {
    if (!bereq.http.X-Public) {
        return (deliver);
    }
    unset beresp.http.Set-Cookie;
    if (beresp.status == 200 && !beresp.http.Cache-Control && !beresp.http.Expires) {
        set beresp.ttl = 60s;
        set beresp.grace = 0s;
    }
}

sub vcl_deliver {
    if (req.http.X-Public) {
        set resp.http.Access-Control-Allow-Origin = "*";
        unset resp.http.Access-Control-Allow-Credentials;
    } elsif (!resp.http.Cache-Control) {
        set resp.http.Cache-Control = "private, no-store";
    }
}
