# One address, one copy: the many spellings of a URL that mean the same thing are made one.
#
# Promise:
#   * The order of query parameters does not matter.
#   * Parameters that only trackers read are dropped; the origin does not see them.
#   * Parameters that only resemble them are kept.
#   * Upper case, a default port and a final dot in the host do not matter; the path's case does.
#   * A path that ends in a slash is redirected to the one without, its query kept; nobody asks the origin.
#   * A redirect never leads to another site.
#   * Only GET and HEAD are redirected or rewritten.
# Adapt: the backend; the list of parameters that are noise; drop the redirect if your paths do end in slashes.
# Policy: rfc9111, varnish

vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    if (req.http.Host) {
        # Other ports are other sites: they stay.
        set req.http.Host = regsub(req.http.Host.lower(), "\.?(?::(?:80|443))?$", "");
    }
    if (req.method == "GET" || req.method == "HEAD") {
        call normalise_query;
        call redirect_slash;
    }
}

sub normalise_query {
    if (req.url ~ "\?") {
        set req.url = regsuball(req.url, "(?i)(^[^?]*\?|&)(?:utm_[a-z_]+|gclid|dclid|fbclid|msclkid|mc_[ce]id|_ga)(?:=[^&]*)?(?=&|$)", "\1");
        set req.url = regsub(std.querysort(req.url), "\?&*$", "");
    }
}

# The reason carries the path to vcl_synth. Slashes in front become one: "//evil.example" would be another site.
sub redirect_slash {
    if (req.url ~ "^[^?]+/(?:\?|$)") {
        return (synth(10301, regsub(regsub(req.url, "^[/\\]+", "/"), "^(/[^?]*?)/+(?=\?|$)", "\1")));
    }
}

sub vcl_synth {
    if (resp.status == 10301) {
        set resp.http.Location = resp.reason;
        set resp.http.Cache-Control = "public, max-age=3600";
        set resp.status = 301;
        set resp.reason = "Moved Permanently";
        set resp.body = "";
        return (deliver);
    }
}
