# MediaWiki: readers are served from the cache, whoever is logged in is not, and the wiki purges what was edited.
#
# Promise:
#   * Readers share one copy of a page, whatever cookies they bring; the wiki sees none of these.
#   * Whoever is logged in, or has a session, gets everything from the wiki, with his cookies.
#   * Editing, special pages and the API always come from the wiki; so does whatever changes something.
#   * Old revisions and differences, which robots like and nobody else asks for twice, are fetched but not stored.
#   * Scripts and styles are the same for everyone, and stay as long as the wiki says.
#   * A page stays as long as the wiki says to shared caches; browsers are told to ask each time, so that an edit is seen at once.
#   * Readers in one language and spelling share a copy: Accept-Language and User-Agent make no other.
#   * PURGE from the wiki's own addresses removes a page, as $wgCdnServers has it sent; from anywhere else it is refused.
#   * While the wiki is down, pages are served for a day more.
# Adapt: the backend; the addresses of the wiki's servers. In LocalSettings.php: $wgUseCdn = true, and this server in $wgCdnServers.
# Policy: rfc9111, varnish

vcl 4.1;

backend wiki {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 120s;
}

acl wiki_servers {
    "127.0.0.1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    unset req.http.X-Unstored;
    if (req.method == "PURGE") {
        if (client.ip !~ wiki_servers) {
            return (synth(403, "Not allowed"));
        }
        return (purge);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url ~ "^/(?:w/)?load\.php\?") {
        unset req.http.Cookie;
        return (hash);
    }
    if (req.http.Authorization || req.http.Cookie ~ "(?i)(?:^|;\s*)[a-z0-9_]*(?:session|UserID|Token)=") {
        return (pass);
    }
    if (req.url ~ "(?i)^/(?:w/)?api\.php(?:[?/]|$)" || req.url ~ "(?i)(?:^/wiki/|[?&]title=)Special(?::|%3a)"
        || req.url ~ "[?&](?:action|veaction)=(?!raw(?:&|$)|view(?:&|$))") {
        return (pass);
    }
    if (req.url ~ "[?&](?:oldid|diff)=") {
        set req.http.X-Unstored = "yes";
    }
    unset req.http.Cookie;
    unset req.http.Accept-Language;
    unset req.http.User-Agent;
}

sub vcl_backend_fetch {
    unset bereq.http.X-Unstored;
}

sub vcl_miss {
    if (req.http.X-Unstored) {
        return (pass);
    }
}

sub vcl_backend_response {
    if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "(?i)no-store|private|no-cache") {
        set beresp.ttl = 2m;
        set beresp.uncacheable = true;
    } elsif (beresp.ttl > 0s) {
        # The wiki says must-revalidate, and means browsers: it purges what it has changed.
        set beresp.http.Cache-Control = regsuball(beresp.http.Cache-Control, "(?i),?\s*must-revalidate", "");
        set beresp.grace = 1d;
    }
}

sub vcl_deliver {
    if (resp.http.Cache-Control ~ "(?i)s-maxage" && req.url !~ "^/(?:w/)?load\.php\?") {
        set resp.http.Cache-Control = "private, must-revalidate, max-age=0";
    }
}
