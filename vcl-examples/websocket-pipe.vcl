# WebSockets through the cache: the handshake becomes a tunnel, everything else is cached as usual.
#
# Promise:
#   * A WebSocket handshake on /ws is piped: both sides then talk unseen until one of them ends it.
#   * The origin gets the handshake's own Upgrade and Connection.
#   * A handshake from a page of another site is answered 403.
#   * A handshake elsewhere than on /ws is answered 403.
#   * Another protocol in Upgrade is ignored: the request is answered as if it had not asked.
#   * Nothing but a WebSocket handshake is ever piped.
#   * Pages are cached as usual.
# Adapt: the backends; the path; the sites whose pages may connect (clients that are no browsers send no Origin).
#   -p pipe_timeout=SECONDS is how long a tunnel may be silent.
# Policy: rfc9111, varnish

vcl 4.1;

backend site {
    .host = "127.0.0.1";
    .port = "8080";
}

backend sockets {
    .host = "127.0.0.1";
    .port = "8081";
    .connect_timeout = 2s;
}

sub vcl_recv {
    if (req.method == "GET" && req.http.Upgrade ~ "(?i)^\s*websocket\s*$" && req.http.Connection ~ "(?i)(?:^|,)\s*upgrade\s*(?:,|$)") {
        if (req.url !~ "^/ws(?:[/?]|$)") {
            return (synth(403, "No WebSocket here"));
        }
        if (req.http.Origin && req.http.Origin !~ "^https?://(?:www\.)?example\.com(?::[0-9]+)?$") {
            return (synth(403, "Not from there"));
        }
        set req.backend_hint = sockets;
        return (pipe);
    }
    unset req.http.Upgrade;
    if (req.method !~ "^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$") {
        # The built-in rules of -p policy=varnish would pipe what they do not know.
        return (synth(405));
    }
}

sub vcl_pipe {
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = "Upgrade";
}
