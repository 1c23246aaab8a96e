# Brotli and Zstandard: what everybody asks for leaves as small as the client can take it.
#
# Promise:
#   * Text is stored compressed as gzip at once, and as br and zstd as soon as it is popular; each client gets what it likes best of that.
#   * Clients that take neither get gzip, and clients that take nothing get it as it was, as before.
#   * What is asked for with a session is not kept in more codings than it came in.
#   * Downloads are not kept in more codings than they came in.
#   * Nothing waits for it: the first visitors get gzip.
# Adapt: the backend; the types and paths in vcl_backend_response. Start with -p recode_br=on -p recode_zstd=on: without them nothing is kept as br
#   or zstd, and all else is as it says. beresp.do_recode is Lacquer's own: leave its lines out where the file is to load in Varnish, too.
# Policy: rfc9111, varnish

vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_backend_response {
    if (beresp.http.Content-Type ~ "(?i)^(text/|application/(javascript|json|xml|xhtml\+xml|rss\+xml|atom\+xml|ld\+json|manifest\+json)|image/svg\+xml)") {
        set beresp.do_gzip = true;
    }
    if (bereq.url ~ "^/download/" || bereq.http.Cookie ~ "session=") {
        set beresp.do_recode = false;
    }
}
