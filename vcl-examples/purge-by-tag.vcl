# Purging by tag: a shop marks each page with what is on it, and when a product changes all pages that show it go.
#
# Promise:
#   * PURGE with X-Purge-Tags from a listed address removes every page that has one of the tags, and says how many there were.
#   * Pages without any of the tags stay.
#   * With X-Purge-Soft they stay until there is a new one: the next visitor still gets the old page at once, and it is fetched anew meanwhile.
#   * The answer to a POST or the like removes what its X-Changed-Tags names.
#   * PURGE from any other address, or without X-Purge-Tags, removes nothing.
#   * Visitors see no tags.
# Adapt: the backend; the addresses; the names of the tags are the origin's business (xkey, Surrogate-Key or Cache-Tag).
# Policy: rfc9111, varnish

vcl 4.1;

import xkey;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl purgers {
    "127.0.0.1";
    "::1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(403, "Forbidden"));
        }
        if (!req.http.X-Purge-Tags) {
            return (synth(400, "X-Purge-Tags is missing"));
        }
        if (req.http.X-Purge-Soft) {
            set req.http.X-Purged = xkey.softpurge(req.http.X-Purge-Tags);
        } else {
            set req.http.X-Purged = xkey.purge(req.http.X-Purge-Tags);
        }
        return (synth(200, "Purged " + req.http.X-Purged));
    }
}

sub vcl_backend_response {
    set beresp.grace = 1h;
    if (beresp.http.X-Changed-Tags) {
        if (bereq.method != "GET" && bereq.method != "HEAD") {
            set beresp.http.X-Purged = xkey.purge(beresp.http.X-Changed-Tags);
        }
        unset beresp.http.X-Changed-Tags;
    }
}

sub vcl_deliver {
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    unset resp.http.X-Purged;
}
