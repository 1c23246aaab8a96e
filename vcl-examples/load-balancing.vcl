# Four application servers behind one address: requests are spread, sessions stay where they began, and a spare helps out.
#
# Promise:
#   * Pages go to the application servers in turn.
#   * Whoever has a session cookie gets the same server for all of the session.
#   * Images of one path always come from the same media server, so that each keeps its own in memory.
#   * A page whose server answers 502, 503 or 504 comes from the next server, and when that does so too, from the spare.
#   * Sessions and media of such a server come from the spare at once.
#   * What a form sends is never sent twice.
# Adapt: the backends; the name of the session cookie; the paths of the media.
# Policy: rfc9111, varnish

vcl 4.1;

import cookie;
import directors;

backend app1 {
    .host = "127.0.0.1";
    .port = "8081";
}

backend app2 {
    .host = "127.0.0.1";
    .port = "8082";
}

backend media1 {
    .host = "127.0.0.1";
    .port = "8083";
}

backend media2 {
    .host = "127.0.0.1";
    .port = "8084";
}

backend spare {
    .host = "127.0.0.1";
    .port = "8090";
    .first_byte_timeout = 120s;
}

sub vcl_init {
    new pages = directors.round_robin();
    pages.add_backend(app1);
    pages.add_backend(app2);

    new sessions = directors.hash();
    sessions.add_backend(app1);
    sessions.add_backend(app2);

    new media = directors.shard();
    media.add_backend(media1);
    media.add_backend(media2);
    media.reconfigure();
}

sub vcl_recv {
    if (req.url ~ "^/media/") {
        unset req.http.Cookie;
        set req.backend_hint = media.backend(by=KEY, key=media.key(regsub(req.url, "\?.*$", "")));
        return (hash);
    }
    cookie.parse(req.http.Cookie);
    if (cookie.isset("session")) {
        set req.backend_hint = sessions.backend(cookie.get("session"));
        return (pass);
    }
    set req.backend_hint = pages.backend();
}

sub vcl_backend_response {
    # A body that has been sent is not kept: only requests without one can be repeated.
    if (beresp.status >= 502 && beresp.status <= 504
        && !bereq.http.Content-Length && !bereq.http.Transfer-Encoding) {
        if (bereq.retries == 0 && bereq.backend == pages.backend()) {
            return (retry);
        }
        if (bereq.retries <= 1 && bereq.backend != spare) {
            set bereq.backend = spare;
            return (retry);
        }
    }
}
