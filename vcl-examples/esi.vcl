# ESI: pages that everybody shares, with a piece in them that is each visitor's own.
#
# Promise:
#   * A page is fetched once for everybody, and each visitor sees his own basket in it.
#   * The origin sees cookies for the pieces of a page only, and those that set them are not kept.
#   * The menu, which is in all pages, is fetched once in ten minutes.
#   * Who asks for a piece by itself gets 404.
#   * A piece that cannot be had is left out, and the rest of the page is there.
#   * A page is compressed once, and leaves as gzip to clients that take it, its pieces with it.
# Adapt: the backend; where the pieces are (/piece/ here: <esi:include src="/piece/basket"/>); which of them are for everybody.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    if (req.url ~ "^/piece/") {
        if (req.esi_level == 0) {
            return (synth(404));
        }
        if (req.url !~ "^/piece/menu") {
            return (pass);
        }
    }
    # What everybody shares does not depend on who asks.
    unset req.http.Cookie;
}

sub vcl_backend_response {
    if (bereq.url !~ "^/piece/" && beresp.http.Content-Type ~ "^text/html") {
        set beresp.do_esi = true;
        set beresp.do_gzip = true;
    }
    if (bereq.url ~ "^/piece/menu") {
        unset beresp.http.Set-Cookie;
        set beresp.ttl = 10m;
        set beresp.do_gzip = true;
    }
    if (bereq.url ~ "^/piece/" && beresp.status >= 400) {
        # Its error page has no place in the middle of another.
        return (abandon);
    }
}

sub vcl_synth {
    if (req.esi_level > 0) {
        set resp.body = "";
        return (deliver);
    }
}
