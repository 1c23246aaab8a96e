# PURGE for those who may: an editor's system removes what has changed.
#
# Promise:
#   * PURGE from a listed address removes the page, and the next request fetches it anew.
#   * All variants of a page go at once; other pages stay.
#   * A different query is a different page.
#   * PURGE from any other address is answered 403 and removes nothing.
#   * An address that is excluded from a listed network may not purge.
#   * PURGE never reaches the origin.
#   * With X-Purge-Refresh the page is fetched again at once, and nobody waits for it later.
# Adapt: the backend; the addresses. Behind a load balancer use -a :6081,PROXY, so that client.ip is the client's.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl purgers {
    "127.0.0.1";
    "::1";
    "192.0.2.0"/24;
    ! "192.0.2.66";
    "2001:db8:1::"/48;
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.X-Purged;
        if (req.method == "PURGE") {
            if (client.ip !~ purgers) {
                return (synth(403, "Forbidden"));
            }
            return (purge);
        }
    }
}

sub vcl_purge {
    if (req.http.X-Purge-Refresh) {
        set req.method = "GET";
        set req.http.X-Purged = "yes";
        unset req.http.X-Purge-Refresh;
        unset req.http.Cookie;
        unset req.http.Authorization;
        return (restart);
    }
}

sub vcl_deliver {
    if (req.http.X-Purged) {
        set resp.http.X-Purged = "refreshed";
    }
}
