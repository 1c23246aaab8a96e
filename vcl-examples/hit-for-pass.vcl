# Hit-for-pass: pages that turn out to be personal are remembered as such, and then treated like pass.
#
# Promise:
#   * A page that says private, or sets a cookie, is never stored.
#   * For two minutes after one such answer requests for that page go straight to the origin, all at once.
#   * Meanwhile the origin sees each client's own If-None-Match and Range.
#   * After two minutes the page is looked at again: if it has become public, it is stored.
#   * Other pages are stored as they say.
# Adapt: the backend; the two minutes; what tells that a page is personal (your application has to say so in its answer).
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    # Whether a page depends on the cookie is what its answer says; the built-in rules look after Authorization.
    if ((req.method == "GET" || req.method == "HEAD") && !req.http.Authorization) {
        return (hash);
    }
}

sub vcl_backend_response {
    if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "(?i)no-store|private") {
        # Unlike hit-for-miss (beresp.uncacheable) it does not end early when a public answer comes along.
        return (pass(120s));
    }
}
