# Compression: text leaves compressed, whatever the origin does about it.
#
# Promise:
#   * Text, scripts, styles, JSON, XML and SVG are stored compressed, once for everybody, and sent compressed to clients that take gzip.
#   * A client that does not take gzip gets the same page as it was, and the origin is not asked again.
#   * Pictures, films and archives stay as they are.
#   * What the origin has compressed itself is not compressed again.
#   * Caches between this one and the visitor are told that the answer depends on Accept-Encoding.
# Adapt: the backend; the types in vcl_backend_response.
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
}
