/**
 * Rule files of the size that newspapers and shops have: redirects, per-path lifetimes, device and cookie handling, access lists,
 * backends, helper subs. The same seed gives the same text; nothing in it is repeated literally, so that no cache helps.
 */

const HEAD = ['vcl 4.1;', '', 'import std;', 'import directors;', '']

function backend(i: number): string[] {
  return [
    `backend app${i} {`,
    `    .host = "127.0.${i >> 8}.${(i & 255) + 1}";`,
    `    .port = "${8000 + i}";`,
    '    .connect_timeout = 1s;',
    `    .first_byte_timeout = ${10 + (i % 50)}s;`,
    '    .max_connections = 200;',
    '}',
    '',
  ]
}

function acl(i: number): string[] {
  const entries = Array.from({ length: 8 }, (_, n) => `    ${n === 5 ? '!' : ''}"10.${i}.${n * 4}.0"/24;`)
  return [`acl office${i} {`, ...entries, '}', '']
}

/** One helper sub: about 25 lines. */
function helper(i: number): string[] {
  return [
    `# Section ${i}: redirects, lifetimes and cookies of /section-${i}/`,
    `sub section_${i} {`,
    `    if (req.url ~ "^/section-${i}/(old|former)/[0-9]+") {`,
    `        set req.http.X-Redirect = "https://www.example.com/section-${i}/" + regsub(req.url, "^/section-${i}/(?:old|former)/([0-9]+).*$", "\\1");`,
    '        return (synth(301, "Moved"));',
    '    }',
    `    if (req.http.host ~ "(?i)^(www\\.)?brand-${i}\\.example\\.com$") {`,
    `        set req.http.X-Brand = "brand-${i}";`,
    `        set req.backend_hint = app${i % 20};`,
    `    } elseif (req.http.host == "static-${i}.example.com" && req.url !~ "\\.(php|cgi)$") {`,
    '        unset req.http.Cookie;',
    `        set req.http.X-Static = "${i}";`,
    '    } else {',
    `        set req.http.X-Brand = "other-" + req.http.host;`,
    '    }',
    `    if (req.http.Cookie ~ "session_${i}=" || (req.http.Authorization && req.restarts == 0)) {`,
    `        std.log("section:${i} " + client.ip);`,
    '        return (pass);',
    '    }',
    `    set req.url = regsuball(req.url, "(utm_[a-z]+|ref_${i})=[^&]*&?", "");`,
    `    if (std.integer(req.http.X-Age-${i}, 0) > ${i} && client.ip ~ office${i % 10}) {`,
    `        set req.grace = ${10 + i}s;`,
    '    }',
    '}',
    '',
  ]
}

function response(i: number): string[] {
  return [
    `    if (bereq.url ~ "^/section-${i}/.*\\.(css|js|png|jpe?g|gif|svg|woff2?)(\\?|$)") {`,
    `        set beresp.ttl = ${i + 1}h;`,
    '        unset beresp.http.Set-Cookie;',
    '    }',
  ]
}

/** A file of at least `lines` lines. */
export function generatedRules(lines: number): string {
  const out = [...HEAD]
  for (let i = 0; i < 20; i++) out.push(...backend(i))
  for (let i = 0; i < 10; i++) out.push(...acl(i))
  const sections = Math.max(20, Math.ceil((lines - out.length - 10) / (helper(0).length + 1 + response(0).length)))
  for (let i = 0; i < sections; i++) out.push(...helper(i))
  out.push('sub vcl_recv {', ...Array.from({ length: sections }, (_, i) => `    call section_${i};`), '}', '')
  out.push('sub vcl_backend_response {')
  for (let i = 0; i < sections; i++) out.push(...response(i))
  out.push('}', '')
  return out.join('\n')
}
