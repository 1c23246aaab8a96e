# A shop: the catalogue is cached for all, cart, checkout and account belong to one customer.
#
# Promise:
#   * Cart, checkout and account come from the origin for each customer, cookies untouched, and are never stored.
#   * The catalogue is shared by all customers; the origin does not see their cookies there.
#   * A catalogue page that sets a cookie reaches the one who asked, and nobody else.
#   * While such a page is not stored, its visitors do not wait for each other.
#   * Whatever changes something (POST and the like) reaches the origin with its cookies.
#   * Personal pages tell browsers and caches behind this one not to keep them.
#   * A page that the shop calls private or no-store is never shared.
#   * A catalogue page that says nothing stays for 5 minutes; an out-of-stock 404 for 30 seconds.
# Adapt: the backend; the paths that are personal. Show the number of items in the cart by a script that asks /cart.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    unset req.http.X-Personal;
    if (req.url ~ "(?i)^/(?:cart|basket|checkout|account|login|logout|orders)(?:[/?]|$)") {
        set req.http.X-Personal = "yes";
        return (pass);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    unset req.http.Cookie;
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "(?i)no-cache|no-store|private") {
        # Hit-for-miss: the next visitors are not made to wait for something that will not be stored.
        set beresp.ttl = 2m;
        set beresp.uncacheable = true;
        return (deliver);
    }
    if (!beresp.http.Cache-Control && !beresp.http.Expires) {
        if (beresp.status == 200) {
            set beresp.ttl = 5m;
        } elsif (beresp.status == 404) {
            set beresp.ttl = 30s;
        }
        set beresp.grace = 0s;
    }
}

sub vcl_deliver {
    if (req.http.X-Personal) {
        set resp.http.Cache-Control = "private, no-store";
    }
}
