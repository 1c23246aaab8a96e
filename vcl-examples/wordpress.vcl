# WordPress and the like: readers are served from the cache, whoever has logged in or commented is not.
#
# Promise:
#   * Readers share one copy of a page, whatever tracking cookies they bring; the origin does not see these.
#   * Whoever is logged in, has commented or has something in the basket gets everything from the origin.
#   * The admin area, the login, the REST and XML-RPC interfaces and previews always come from the origin.
#   * Forms are always sent to the origin.
#   * A page that says nothing stays for 10 minutes, and is served for an hour more while it is renewed.
#   * A cookie that is set on a page for everyone is not stored and not sent.
#   * A cookie set by the login reaches the one who logs in.
#   * A page that WordPress forbids to cache is never stored.
#   * PURGE from the addresses below removes a page; from anywhere else it is refused.
# Adapt: the backend; the addresses that may purge (a purge plugin runs on the web server); the cookies of your plugins.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
    # Publishing and imports take their time.
    .first_byte_timeout = 120s;
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
        return (purge);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url ~ "^[^?]*/(?:wp-admin|wp-json|wp-login\.php|wp-cron\.php|wp-comments-post\.php|xmlrpc\.php)(?:[/?]|$)"
        || req.url ~ "[?&](?:preview|customize_changeset_uuid|rest_route|wc-ajax)=") {
        return (pass);
    }
    if (req.http.Authorization
        || req.http.Cookie ~ "(?:^|;\s*)(?:wordpress_(?!test_cookie)|wp-postpass_|comment_author_|woocommerce_items_in_cart|wp_woocommerce_session_)") {
        return (pass);
    }
    unset req.http.Cookie;
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "(?i)no-cache|no-store|private") {
        set beresp.ttl = 120s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    unset beresp.http.Set-Cookie;
    if (beresp.status == 200 && !beresp.http.Cache-Control && !beresp.http.Expires) {
        set beresp.ttl = 10m;
    }
    if (beresp.ttl > 0s) {
        set beresp.grace = 1h;
    }
}
