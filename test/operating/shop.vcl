vcl 4.1;

import std;

backend shop {
    .host = "127.0.0.1";
    .port = "8080";
    .probe = { .url = "/health"; .interval = 1s; .window = 5; .threshold = 3; }
}

sub vcl_recv {
    # Campaign parameters do not change the page.
    if (req.url ~ "[?&]utm_") {
        set req.url = regsuball(req.url, "[?&]utm_[a-z]+=[^&]*", "");
    }
    if (req.url ~ "^/cart") {
        return (pass);
    }
}

sub vcl_backend_response {
    if (bereq.url ~ "^/img/") {
        set beresp.ttl = 7d;
    }
}
