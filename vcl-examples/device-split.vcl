# Pages that differ for phones, tablets and desktops: three copies, not one for each of ten thousand browsers.
#
# Promise:
#   * The origin is told phone, tablet or desktop in X-Device.
#   * Every phone gets the copy for phones, every tablet that for tablets, everyone else that for desktops.
#   * A page has three copies at most, even if the origin says Vary: User-Agent.
#   * A client cannot choose its X-Device, and never learns of it.
#   * Browsers and caches behind this one are told Vary: User-Agent.
#   * What else the origin varies on is kept.
#   * Assets, which are the same for all, have one copy.
# Adapt: the backend; the expressions that tell devices apart; the paths that are the same for all.
# Policy: rfc9111, varnish

vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
}

sub vcl_recv {
    call device_of;
}

# Tablets first: theirs often contain the words of phones.
sub device_of {
    unset req.http.X-Device;
    if (req.url ~ "^/(?:assets|static)/") {
        return;
    }
    if (req.http.User-Agent ~ "(?i)ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)") {
        set req.http.X-Device = "tablet";
    } elsif (req.http.User-Agent ~ "(?i)iphone|ipod|android|windows phone|blackberry|opera mini|\bmobile\b") {
        set req.http.X-Device = "phone";
    } else {
        set req.http.X-Device = "desktop";
    }
}

sub vcl_backend_response {
    if (!bereq.http.X-Device) {
        return (deliver);
    }
    std.collect(beresp.http.Vary);
    set beresp.http.Vary = regsuball(beresp.http.Vary, "(?i)(?:^|,)\s*(?:user-agent|x-device)\s*(?=,|$)", "");
    set beresp.http.Vary = regsub("X-Device, " + regsub(beresp.http.Vary, "^[\s,]+", ""), ",\s*$", "");
}

sub vcl_deliver {
    set resp.http.Vary = regsub(resp.http.Vary, "X-Device", "User-Agent");
    if (resp.http.Vary == "") {
        unset resp.http.Vary;
    }
}
