# Bans: everything under a path goes at once, with all variants, and without anybody having to ask for it.
#
# Promise:
#   * BAN with a regular expression in X-Ban-Url from a listed address removes every page of the host whose URL it matches, and no other page.
#   * Pages leave within minutes although nobody asks for them, and so does the ban.
#   * What is being fetched while the ban is given is not served to later visitors.
#   * An expression that is none is answered 400 with the reason, and removes nothing; so is one with blanks, or none.
#   * BAN from any other address removes nothing.
#   * Visitors do not see what pages are marked with.
# Adapt: the backend; the addresses.
# Policy: rfc9111, varnish

vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

acl editors {
    "127.0.0.1";
    "::1";
    "192.0.2.0"/24;
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ editors) {
            return (synth(403, "Forbidden"));
        }
        # Blanks would end the argument, and begin another condition.
        if (!req.http.X-Ban-Url || req.http.X-Ban-Url ~ "\s") {
            return (synth(400, "X-Ban-Url is missing, or has blanks"));
        }
        # Of what is stored, and not of the request: such bans are worked off in the background.
        if (!std.ban("obj.http.X-Stored-Host == " + req.http.Host + " && obj.http.X-Stored-Url ~ " + req.http.X-Ban-Url)) {
            return (synth(400, std.ban_error()));
        }
        return (synth(200, "Banned"));
    }
}

sub vcl_backend_response {
    set beresp.http.X-Stored-Host = bereq.http.Host;
    set beresp.http.X-Stored-Url = bereq.url;
}

sub vcl_deliver {
    unset resp.http.X-Stored-Host;
    unset resp.http.X-Stored-Url;
}
