vcl 4.0;
# Based on a typical WordPress template
import std;
import directors;
import cookie;
import header;

backend server1 {
  .host = "127.0.0.1";
  .port = "8080";
  .max_connections = 300;
  .first_byte_timeout     = 300s;
  .connect_timeout        = 5s;
  .between_bytes_timeout  = 2s;
}

acl purge {
  "localhost";
  "127.0.0.1";
  "::1";
}

sub vcl_init {
  new vdir = directors.round_robin();
  vdir.add_backend(server1);
}

sub vcl_recv {
  set req.backend_hint = vdir.backend();
  set req.http.Host = regsub(req.http.Host, ":[0-9]+", "");
  unset req.http.proxy;
  set req.url = std.querysort(req.url);
  if (req.method == "PURGE") {
    if (!client.ip ~ purge) {
      return (synth(405, "This IP is not allowed to send PURGE requests."));
    }
    return (purge);
  }
  if (req.http.Upgrade ~ "(?i)websocket") { return (pipe); }
  if (req.url ~ "(\?|&)(utm_source|utm_medium|utm_campaign|utm_content|gclid|cx|ie|cof|siteurl)=") {
    set req.url = regsuball(req.url, "&(utm_source|utm_medium|utm_campaign|utm_content|gclid|cx|ie|cof|siteurl)=([A-z0-9_\-\.%25]+)", "");
    set req.url = regsuball(req.url, "\?(utm_source|utm_medium|utm_campaign|utm_content|gclid|cx|ie|cof|siteurl)=([A-z0-9_\-\.%25]+)", "?");
    set req.url = regsub(req.url, "\?&", "?");
    set req.url = regsub(req.url, "\?$", "");
  }
  set req.http.Cookie = regsuball(req.http.Cookie, "has_js=[^;]+(; )?", "");
  set req.http.Cookie = regsuball(req.http.Cookie, "__utm.=[^;]+(; )?", "");
  if (req.http.cookie ~ "^\s*$") { unset req.http.cookie; }
  cookie.parse(req.http.cookie);
  cookie.filter_except("wordpress_logged_in,PHPSESSID");
  set req.http.cookie = cookie.get_string();
  if (req.http.Cache-Control ~ "(?i)no-cache") {
    if (! (req.http.Via || req.http.User-Agent ~ "(?i)bot" || req.http.X-Purge)) {
      #set req.hash_always_miss = true;
    }
  }
  if (req.url ~ "^[^?]*\.(7z|avi|bmp|bz2|css|csv|doc|docx|eot|flac|flv|gif|gz|ico|jpeg|jpg|js)(\?.*)?$") {
    unset req.http.Cookie;
    return (hash);
  }
  set req.http.Surrogate-Capability = "key=ESI/1.0";
  if (req.http.Authorization) { return (pass); }
  return (hash);
}
sub vcl_pipe {
  if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; }
  return (pipe);
}
sub vcl_hash {
  hash_data(req.url);
  if (req.http.host) { hash_data(req.http.host); } else { hash_data(server.ip); }
  if (req.http.Cookie) { hash_data(req.http.Cookie); }
  if (req.http.X-Forwarded-Proto) { hash_data(req.http.X-Forwarded-Proto); }
}
sub vcl_hit {
  if (obj.ttl >= 0s) { return (deliver); }
  if (std.healthy(req.backend_hint)) {
    if (obj.ttl + 10s > 0s) { return (deliver); }
  } else {
    if (obj.ttl + obj.grace > 0s) { return (deliver); }
  }
  return (fetch);
}
sub vcl_backend_response {
  if (beresp.http.Set-Cookie) {
    header.remove(beresp.http.Set-Cookie, "^(?!(PHPSESSID=))");
    header.append(beresp.http.Set-Cookie, "seen=1; path=/");
  }
  if (bereq.url ~ "^[^?]*\.(7z|avi|bz2|flac|flv|gz|mka|mkv|mov|mp3|mp4)(\?.*)?$") {
    unset beresp.http.set-cookie;
    set beresp.do_stream = true;
  }
  if (beresp.status == 301 || beresp.status == 302) {
    set beresp.http.Location = regsub(beresp.http.Location, ":[0-9]+", "");
  }
  if (beresp.ttl <= 0s || beresp.http.Set-Cookie || beresp.http.Vary == "*") {
    set beresp.ttl = 120s;
    set beresp.uncacheable = true;
    return (deliver);
  }
  if (beresp.status == 500 || beresp.status == 502 || beresp.status == 503 || beresp.status == 504) { return (abandon); }
  set beresp.grace = 6h;
  return (deliver);
}
sub vcl_deliver {
  if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
  set resp.http.X-Cache-Hits = obj.hits;
  unset resp.http.X-Powered-By;
  return (deliver);
}
sub vcl_synth {
  if (resp.status == 720) {
    set resp.http.Location = resp.reason;
    set resp.status = 301;
    return (deliver);
  }
  return (deliver);
}
sub vcl_fini { return (ok); }
