import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BACKEND_ATTRIBUTES } from '../../src/vcl/check/backends.ts'
import { PROBE_ATTRIBUTES } from '../../src/vcl/check/probes.ts'
import { backendVcl } from '../../src/vcl/load.ts'
import { compile, fakeHost, load } from '../kit/fake-context.ts'

/** `body` must be refused with exactly these complaints ("line:col message"). */
function refused(body: string): string[] {
  const compiled = compile(body)
  return compiled.ok ? ['accepted'] : compiled.diagnostics.map(({ at, message }) => `${at.line}:${at.column} ${message}`)
}

describe('backends', () => {
  const USED = 'sub vcl_recv { set req.backend_hint = x; }'

  test.each([
    ['.host = "h";', { host: 'h', port: '80', tls: false }],
    ['.host = "h"; .port = "8080";', { host: 'h', port: '8080' }],
    ['.host = "h"; .port = "http";', { host: 'h', port: '80' }],
    ['.host = "h:81";', { host: 'h', port: '81' }],
    ['.host = "[::1]:81";', { host: '::1', port: '81' }],
    ['.host = "[::1]";', { host: '::1', port: '80' }],
    ['.host = "h"; .tls = true;', { host: 'h', port: '443', tls: true }],
    ['.path = "@app";', { host: undefined, path: '@app' }],
    ['.host = "h"; .preamble = :aGk=:;', { preamble: 'aGk=' }],
    ['.host = "h"; .via = default; .authority = "a";', { via: 'default', authority: 'a', through: { host: '127.0.0.1', port: '8080' } }],
    ['.path = "/run/app.sock";', { host: undefined, path: '/run/app.sock' }],
    ['.host = "h"; .host_header = "www";', { host_header: 'www' }],
    [
      '.host = "h"; .connect_timeout = 1.5s; .first_byte_timeout = 1m; .between_bytes_timeout = 500ms;',
      { connect_timeout_s: 1.5, first_byte_timeout_s: 60, between_bytes_timeout_s: 0.5 },
    ],
    ['.host = "h"; .wait_limit = 5; .wait_timeout = 100ms;', { wait_limit: 5, wait_timeout_s: 0.1 }],
    ['.host = "h"; .max_connections = 10; .proxy_header = 2;', { max_connections: 10, proxy_header: 2 }],
  ])('backend x { %s }', (attributes, expected) => {
    const compiled = compile(`backend x { ${attributes} } ${USED}`)
    if (!compiled.ok) throw new Error(compiled.text)
    expect(compiled.program.backends[1]).toMatchObject(expected)
  })

  test.each([
    ['', 'needs .host or .path'],
    ['.port = "80";', 'needs .host or .path'],
    ['.host = "h"; .path = "/p";', 'has both .host and .path'],
    ['.host = "h"; .host = "i";', '.host is given twice'],
    ['.host = "h:80"; .port = "81";', '.host has a port already'],
    ['.host = "http://h/";', '.host is a name or an address, not a URL'],
    ['.host = "a b";', "'b' is not a port"],
    ['.host = "a  b";', "' b' is not a port"],
    ['.host = 1;', 'expected a STRING'],
    ['.host = "h"; .port = "99999";', "'99999' is not a port"],
    ['.host = "h"; .port = "gopherish";', "'gopherish' is not a port"],
    ['.path = "run/app.sock";', '.path is an absolute path'],
    ['.host = "h"; .connect_timeout = 5;', 'expected a DURATION'],
    ['.host = "h"; .max_connections = 1s;', 'expected an INT'],
    ['.host = "h"; .proxy_header = 3;', 'the PROXY protocol has versions 1 and 2'],
    ['.host = "h"; .tls = 1;', 'expected true or false'],
    ['.host = "h"; .hots = "i";', "unknown attribute '.hots'"],
    ['.host = "h"; .via = x;', '.via backends cannot be stacked'],
    ['.host = "h"; .via = nope;', 'expected the name of a backend'],
    ['.host = "h"; .via = "default";', 'expected the name of a backend'],
    ['.path = "/p"; .via = default;', '.via needs .host'],
    ['.host = "h"; .preamble = "AAAA";', 'expected a BLOB'],
    ['.host = "h"; .probe = default;', "there is no 'probe default'"],
    ['.host = "h"; .probe = 1;', 'expected a probe'],
    ['.host = "h"; .probe = nope;', "unknown probe 'nope'"],
  ])('backend x { %s } is refused: %s', (attributes, message) => {
    expect(compile(`backend x { ${attributes} } ${USED}`).text).toContain(message)
  })

  test('.path needs vcl 4.1', () => {
    expect(refused('vcl 4.0; backend x { .path = "/p"; }')).toEqual(['1:30 .path needs vcl 4.1'])
  })

  test('at least one is needed; none counts', () => {
    expect(refused('vcl 4.1; sub vcl_recv { return (pass); }')).toEqual(['1:1 no backend is declared'])
    expect(compile('vcl 4.1; backend default none;').ok).toBe(true)
  })

  test.each([
    ['backend a { .host = "a"; } backend b { .host = "b"; }', 'a'],
    ['backend a { .host = "a"; } backend default { .host = "b"; }', 'default'],
    ['backend a { .host = "a"; } backend DEFAULT { .host = "b"; }', 'DEFAULT'],
  ])('%s: the default is %s', (backends, name) => {
    const used = 'sub vcl_recv { set req.backend_hint = a; set req.backend_hint = b; }'.replace(
      /set req.backend_hint = b; /,
      backends.includes(' b {') ? '$&' : '',
    )
    expect(load(`vcl 4.1; ${backends} ${used}`).defaultBackend.name).toBe(name)
  })

  test('each is made once, by the host', () => {
    const host = fakeHost()
    load('backend x none; sub vcl_recv { set req.backend_hint = x; }', host)
    expect(host.declared.map(({ name, none }) => ({ name, none }))).toEqual([
      { name: 'default', none: false },
      { name: 'x', none: true },
    ])
  })
})

describe('-b', () => {
  test.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: '8080', tls: false }],
    ['localhost', { host: 'localhost', port: '80', tls: false }],
    ['[::1]:8080', { host: '::1', port: '8080', tls: false }],
    ['https://origin.example', { host: 'origin.example', port: '443', tls: true }],
    ['https://origin.example:8443/', { host: 'origin.example', port: '8443', tls: true }],
    ['/run/app.sock', { host: undefined, path: '/run/app.sock' }],
  ])('%s', (spec, expected) => {
    const compiled = compile(backendVcl(spec))
    if (!compiled.ok) throw new Error(compiled.text)
    expect(compiled.program.backends).toMatchObject([{ name: 'default', ...expected }])
  })

  test.each(['', 'a b c', 'h"; } sub vcl_recv {', '/a"b', 'ftp://x', 'h:80:81'])('%j is refused', (spec) => {
    expect(() => backendVcl(spec)).toThrow('expected HOST[:PORT]')
  })
})

describe('probes', () => {
  const WHOLE =
    '.url = "/"; .expected_response = 200; .timeout = 1s; .interval = 1s; .window = 8; .threshold = 3; .initial = 2; .expect_close = true;'

  /** The probes of the backends in a text, the first one's left out. */
  function probesOf(text: string): unknown[] {
    const compiled = compile(text)
    if (!compiled.ok) throw new Error(compiled.text)
    return compiled.program.backends.slice(1).map(({ probe }) => probe)
  }
  const BACKEND = 'backend x { .host = "h"; .probe = p; } sub vcl_recv { set req.backend_hint = x; }'
  const DEFAULTS = {
    url: '/',
    request: undefined,
    expected_response: 200,
    timeout_s: 2,
    interval_s: 5,
    window: 8,
    threshold: 3,
    initial: 2,
    expect_close: true,
  }

  test('all that can be said', () => {
    expect(probesOf(`probe p { ${WHOLE} } ${BACKEND}`)).toEqual([{ ...DEFAULTS, timeout_s: 1, interval_s: 1 }])
  })

  // Windows and thresholds as varnishd 7.1 shows them in backend.list -p.
  test.each([
    ['', DEFAULTS],
    [
      '.url = "/health"; .expected_response = 204; .expect_close = false;',
      { ...DEFAULTS, url: '/health', expected_response: 204, expect_close: false },
    ],
    ['.request = "HEAD / HTTP/1.1" "Host: h";', { ...DEFAULTS, request: 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n' }],
    ['.request = "HEAD / HTTP/1.0";', { ...DEFAULTS, request: 'HEAD / HTTP/1.0\r\n\r\n' }],
    ['.threshold = 5;', { ...DEFAULTS, threshold: 5, window: 6, initial: 4 }],
    ['.threshold = 64;', { ...DEFAULTS, threshold: 64, window: 64, initial: 63 }],
    ['.window = 4; .threshold = 2;', { ...DEFAULTS, threshold: 2, window: 4, initial: 1 }],
    ['.window = 8; .threshold = 4; .initial = 9;', { ...DEFAULTS, threshold: 4, initial: 4 }],
    ['.initial = 0;', { ...DEFAULTS, initial: 0 }],
    ['.timeout = 0s; .interval = 0s;', DEFAULTS],
  ])('probe p { %s }', (attributes, expected) => {
    expect(probesOf(`probe p { ${attributes} } ${BACKEND}`)).toEqual([expected])
  })

  test('probe default is that of all that have none, wherever it stands', () => {
    const text = `
      vcl 4.1;
      backend a { .host = "a"; }
      backend b { .host = "b"; .probe = { .url = "/b"; } }
      backend n none;
      probe default { .url = "/default"; }
      backend c { .host = "c"; .probe = default; }
      sub vcl_recv { set req.backend_hint = a; set req.backend_hint = b; set req.backend_hint = c; set req.backend_hint = n; }`
    const compiled = compile(text)
    if (!compiled.ok) throw new Error(compiled.text)
    expect(compiled.program.backends.map(({ probe }) => probe?.url)).toEqual(['/default', '/b', undefined, '/default'])
    expect(refused('probe default { } probe default { }')).toEqual(['2:25 probe default is declared twice'])
  })

  test.each([
    ['.url = "/"; .request = "GET / HTTP/1.1";', 'either .url or .request'],
    ['.window = 8;', '.window needs .threshold'],
    ['.window = 65; .threshold = 1;', '.window is at most 64'],
    ['.threshold = 65;', '.threshold is at most 64'],
    ['.window = 4; .threshold = 5;', '.threshold is greater than .window'],
    ['.window = 2;', '.window needs .threshold'],
    ['.expected_response = 99999;', '.expected_response is a status of three digits'],
    ['.interval = 1;', 'expected a DURATION'],
    ['.urll = "/";', "unknown attribute '.urll'"],
  ])('probe p { %s } is refused: %s', (attributes, message) => {
    expect(compile(`probe p { ${attributes} } unused p;`).text).toContain(message)
  })
})

describe('ACLs', () => {
  const USED = 'sub vcl_recv { if (client.ip ~ a) { } }'

  test.each([
    ['"1.2.3.4";', true],
    ['! "1.2.3.4"; "1.2.3.0"/24;', true],
    ['"fe80::"/10;', true],
    ['"localhost";', true],
    ['("no.such.invalid");', true],
    ['"no.such.invalid";', "'no.such.invalid' does not resolve"],
    ['"1.2.3.4"/33;', 'longer than the address'],
    ['"1.2.3.4"/24;', 'host bits'],
    ['"1.2.3.4"; ! "1.2.3.4";', 'both has and excludes'],
  ])('acl a { %s }: %s', (entries, verdict) => {
    const compiled = compile(`acl a { ${entries} } ${USED}`)
    if (verdict === true) expect(compiled.ok, compiled.text).toBe(true)
    else expect(compiled.text).toContain(verdict)
  })

  test('flags', () => {
    expect(compile(`acl a -pedantic { "1.2.3.4"/24; } ${USED}`).ok).toBe(true)
    expect(compile(`acl a +lgo { } ${USED}`).text).toContain("unknown acl flag 'lgo'")
  })
})

describe('names', () => {
  test.each([
    ['acl foo { } sub foo { } sub vcl_recv { call foo; }', '2:17 sub foo: the name is already taken by a acl'],
    ['backend default { .host = "h"; }', '2:9 backend default: the name is already taken by a backend'],
    ['sub foo { } sub FOO { } sub vcl_recv { call foo; }', '2:17 sub FOO is declared twice'],
    ['acl ban { } sub vcl_recv { if (client.ip ~ ban) { } }', "2:5 'ban' is a word of VCL and cannot be declared"],
    ['sub vcl_foo { }', "2:5 unknown sub 'vcl_foo': names that begin with vcl_ are reserved"],
    ['import debug;', '2:8 not supported yet: module debug'],
  ])('%s', (body, message) => {
    expect(refused(body)).toContain(message)
  })

  test.each(['acl', 'backend', 'sub', 'probe'])('an unused %s is an error, or a warning with vcc_err_unref off', (kind) => {
    const body = { acl: 'acl x { }', backend: 'backend x { .host = "h"; }', sub: 'sub x { }', probe: 'probe x { }' }[kind]!
    expect(refused(body)).toEqual([expect.stringMatching(`unused ${kind} x`)])
    expect(compile(`${body} unused x;`).ok).toBe(true)
  })

  test('a symbol that is nearly right is suggested', () => {
    const compiled = compile('sub vcl_recv { set req.urk = "/"; }')
    expect(compiled.ok ? [] : compiled.diagnostics).toMatchObject([
      { message: "unknown symbol 'req.urk'", hint: "did you mean 'req.url'?" },
    ])
  })

  test("'-' glued to a name is explained", () => {
    expect(compile('sub vcl_recv { if (now-5m > now) { } }').text).toContain("'-' belongs to the name")
  })
})

describe('the call graph', () => {
  test('a variable must be legal wherever its sub is called from, and the way is named', () => {
    const body =
      'sub inner { set beresp.ttl = 1s; }\nsub outer { call inner; }\nsub vcl_recv { call outer; }\nsub vcl_backend_response { call inner; }'
    expect(refused(body)).toEqual(['2:17 beresp.ttl cannot be set in vcl_recv (vcl_recv → outer → inner)'])
  })

  test('an action likewise', () => {
    expect(refused('sub own { return (lookup); }\nsub vcl_recv { call own; }\nsub vcl_hash { call own; }')).toEqual([
      '2:11 return (lookup) is not possible in vcl_recv (vcl_recv → own)',
    ])
  })

  test('built-in subs called from the wrong side are blamed on the call', () => {
    expect(refused('sub vcl_recv { call vcl_synth; }')[0]).toMatch(/^2:16 .* in vcl_recv \(vcl_recv → vcl_synth/)
  })

  test.each([
    ['sub a { call a; } sub vcl_recv { call a; }', '2:9 recursion: a → a'],
    ['sub a { call b; } sub b { call a; } sub vcl_recv { call a; }', '2:27 recursion: a → b → a'],
    ['sub vcl_recv { call vcl_recv; }', '2:16 recursion: vcl_recv → vcl_recv'],
  ])('%s', (body, message) => {
    expect(refused(body)).toEqual([message])
  })

  test('a deep chain of subs is no trouble', () => {
    const subs = Array.from({ length: 2000 }, (_, i) => `sub s${i} { ${i < 1999 ? `call s${i + 1};` : ''} }`)
    expect(compile(`${subs.join('\n')} sub vcl_recv { call s0; }`).ok).toBe(true)
  })
})

test('every complaint of a file is reported, in order of the file', () => {
  expect(refused('sub vcl_recv {\n set req.urk = "x";\n if (req.restarts == "1") { }\n return (hsh);\n}')).toEqual([
    "3:6 unknown symbol 'req.urk'",
    '4:19 INT == STRING is not possible',
    "5:10 unknown action 'hsh'",
  ])
})

test.each([
  ['if (req.url ~ "ab(c") { }', '2:35'],
  ['if (req.url ~ {"[z-a]"}) { }', '2:33'],
  ['if (req.url ~ "a" + "(") { }', '2:30'],
  ['set req.url = regsub(req.url, "a**", "");', '2:49'],
])('a bad regex is shown where it is bad: %s', (statement, place) => {
  expect(refused(`sub vcl_recv { ${statement} }`)).toEqual([expect.stringMatching(new RegExp(`^${place} regex: `))])
})

test('an unknown module: the known ones are listed, and the nearest', () => {
  const compiled = compile('import cokie;')
  if (compiled.ok) throw new Error('accepted')
  expect(compiled.diagnostics[0].message).toMatch(/^unknown module 'cokie' \(known: .*cookie.*\)$/)
  expect(compiled.diagnostics[0].hint).toBe("did you mean 'cookie'?")
})

test('what is refused is complained about once, not wherever it is used', () => {
  const body = `import debug;
backend one { .host = "h"; }
sub vcl_recv { set req.backend_hint = d.backend("h"); }
sub vcl_init { new d = debug.director(); d.debug(one); }`
  expect(refused(body)).toEqual(['2:8 not supported yet: module debug'])
})

test('inline C is refused with advice', () => {
  expect(compile('C{ int x; }C').text).toContain('rules are compiled to JavaScript')
  expect(compile('sub vcl_recv { C{ int x; }C }').text).toContain('inline C is not possible')
})

test('docs/vcl/backends.md has a row for every attribute, and no other', () => {
  const page = readFileSync(new URL('../../docs/vcl/backends.md', import.meta.url), 'utf8')
  const rows = (from: string): string[] => {
    const part = page.slice(page.indexOf(`## ${from}`)).split('\n## ')[0]
    return Array.from(part.matchAll(/^\| ((?:`\.\w+`(?:, )?)+) \|/gm), ([, names]) => names.replaceAll(/[`.]/g, '').split(', ')).flat()
  }
  expect(rows('Attributes of a backend').toSorted()).toEqual(BACKEND_ATTRIBUTES.toSorted())
  expect(rows('Attributes of a probe').toSorted()).toEqual(PROBE_ATTRIBUTES.toSorted())
})
