import { describe, expect, test } from 'vitest'
import { compile, FakeContext, fakeHost, load, recv, run } from '../kit/fake-context.ts'

/** Value of a STRING expression, read through a header of its own. */
function value(expression: string, prepare?: (c: FakeContext) => void): string | undefined {
  return recv(`set req.http.result = ${expression};`, prepare).req.fields.get('result')
}

function holds(condition: string, prepare?: (c: FakeContext) => void): boolean {
  return recv(`if (${condition}) { set req.http.yes = "1"; }`, prepare).req.fields.has('yes')
}

describe('conversions to STRING', () => {
  test.each([
    ['1', '1'],
    ['-(1 + 2)', '-3'],
    ['1.5', '1.500'],
    ['10s', '10.000'],
    ['1.5s + 1ms', '1.501'],
    ['1h', '3600.000'],
    ['true', 'true'],
    ['1 == 2', 'false'],
    ['client.ip', '192.0.2.1'],
    ['now', 'Tue, 14 Nov 2023 22:13:20 GMT'],
    ['now + 5m', 'Tue, 14 Nov 2023 22:18:20 GMT'],
    ['now - 1d', 'Mon, 13 Nov 2023 22:13:20 GMT'],
    ['(now + 5m) - now', '300.000'],
    ['default', 'default'],
    ['storage.s0', 's0'],
    ['storage.s0.free_space', '1000'],
    ['storage.s0.happy', 'true'],
    ['param.default_ttl', '120.000'],
    [':AQID:', ':AQID:'],
  ])('%s is %s', (expression, text) => {
    expect(value(expression)).toBe(text)
  })
})

describe('std.timed_call', () => {
  const SUBS = 'import std; sub mark { set req.http.marked = "1"; } sub leave { return (synth(404)); }'

  test('calls the sub and tells how long that took', () => {
    const c = new FakeContext()
    c.req.fields.set('Host', 'a')
    const vcl = load(`${SUBS} sub vcl_recv { if (std.timed_call(mark) > 0s) { std.log("took"); } if (req.http.never) { call leave; } }`)
    expect(run(vcl, 'recv', c)).toBe('hash')
    expect([c.req.fields.get('marked'), c.log]).toEqual(['1', ['took']])
  })

  test('an action of the sub ends the caller too, and those who called that', () => {
    const c = new FakeContext()
    const vcl = load(`${SUBS} sub outer { std.timed_call(leave); std.log("not here"); call mark; } sub vcl_recv { call outer; }`)
    expect([run(vcl, 'recv', c), c.action_status, c.log]).toEqual(['synth', 404, []])
  })

  test.each([
    ['sub vcl_recv { std.timed_call(nowhere); }', 'expected the name of a sub'],
    ['sub vcl_recv { std.timed_call("leave"); }', 'expected the name of a sub'],
    ['sub a { set bereq.url = "/"; } sub vcl_recv { std.timed_call(a); }', 'bereq.url cannot be set in vcl_recv (vcl_recv → a)'],
    ['sub a { std.timed_call(a); } sub vcl_recv { call a; }', 'recursion: a → a'],
  ])('%s is refused: %s', (body, message) => {
    expect(compile(`import std; ${body}`).text).toContain(message)
  })
})

describe('+ and arithmetic', () => {
  test.each([
    ['1 + 2 + "x"', '3x'],
    ['"" + 1 + 2', '12'],
    ['"a" + 1.5 + true', 'a1.500true'],
    ['client.ip + "/" + server.ip', '192.0.2.1/192.0.2.2'],
    ['client.ip + server.ip', '192.0.2.1192.0.2.2'],
    ['("a" + "b") + "c"', 'abc'],
    ['"a" + req.http.unset + "b"', 'ab'],
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['-7 % 3', '-1'],
    ['7.0 / 2', '3.500'],
    ['1 + 0.5', '1.500'],
    ['2 + 3 * 4', '14'],
    ['(2 + 3) * 4', '20'],
    ['10s * 2', '20.000'],
    ['10s / 4', '2.500'],
    ['std.bytes("2KB", 1KB + 1B)', '2048'],
    ['std.bytes("x", 1KB + 1B)', '1025'],
    ['storage.s0.free_space + 1KB', '2024'],
  ])('%s is %s', (expression, text) => {
    expect(value(expression)).toBe(text)
  })

  test.each([
    ['2 * 1.5', 'INT * REAL is not possible'],
    ['2 * 10s', 'INT * DURATION is not possible'],
    ['"x" + 1KB', '1KB is BYTES, and there is no use for them here'],
    ['10s + 1', 'DURATION + INT is not possible'],
    ['now + now', 'TIME + TIME is not possible'],
    ['req.http.a - 1', 'STRING - INT is not possible'],
    ['1.5 % 2', 'REAL % INT is not possible'],
  ])('%s is refused', (expression, message) => {
    const compiled = compile(`sub vcl_backend_response { set beresp.ttl = ${expression}; }`)
    expect(compiled.ok).toBe(false)
    expect(compiled.text).toContain(message)
  })

  test.each(['1 / (req.restarts + 0)', '1 % (req.restarts + 0)', '1.0 / (req.restarts + 0)'])('%s fails the request', (expression) => {
    const c = recv(`set req.http.result = ${expression};`)
    expect(c.errors).toEqual([expect.stringMatching(/^division by zero \(vcl_recv, test\.vcl:2:\d+\)$/)])
  })
})

describe('unset values', () => {
  test('a header set to an unset one exists, is empty, and is true', () => {
    const c = recv('set req.http.a = req.http.unset; if (req.http.a) { set req.http.b = "yes"; }')
    expect([c.req.fields.get('a'), c.req.fields.get('b')]).toEqual(['', 'yes'])
  })

  test.each([
    ['req.http.unset', false],
    ['""', true],
    ['req.http.unset == ""', false],
    ['req.http.unset != ""', true],
    ['req.http.unset == req.http.other', false],
    ['req.http.unset != req.http.other', true],
    ['req.http.unset == "" + req.http.other', true],
    ['"" + req.http.unset == req.http.other', true],
    ['req.http.unset ~ "^$"', true],
    ['req.http.unset !~ "x"', true],
    ['req.http.unset < "a"', false],
    ['req.http.unset > "a"', true],
    ['!req.http.unset', true],
    ['req.http.unset.lower()', false],
    ['req.grace', false],
  ])('%s is %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected)
  })
})

describe('conditions', () => {
  test.each([
    ['req.restarts', false],
    ['req.restarts + 1', true],
    ['!req.http.x == "a"', true],
    ['req.url == "/" && req.method == "GET"', true],
    ['req.url == "/x" || req.method == "GET"', true],
    ['"a" < "b"', true],
    ['"b" <= "a"', false],
    ['client.ip == "192.0.2.1"', true],
    ['client.ip != "192.0.2.1"', false],
    ['client.ip == server.ip', false],
    ['req.backend_hint', true],
    ['req.backend_hint == default', true],
    ['req.can_gzip == false', true],
    ['10s > 9s', true],
    ['1.5 > 1', true],
    ['now - 1s < now', true],
    ['req.url ~ "^/$"', true],
    ['req.url ~ "(?i)^/A" || req.url !~ "b" + "c"', true],
  ])('%s is %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected)
  })

  test('a backend is true, one declared as none is not', () => {
    const vcl = load(
      'backend x none; sub vcl_recv { set req.backend_hint = default; if (req.backend_hint) { set req.http.d = "1"; } set req.backend_hint = x; if (!req.backend_hint) { set req.http.x = "1"; } }',
    )
    const c = new FakeContext()
    run(vcl, 'recv', c)
    expect([c.req.fields.get('d'), c.req.fields.get('x'), c.backend_hint]).toEqual(['1', '1', null])
  })

  test('else if: the first that holds', () => {
    const statements = (n: number) =>
      `if (req.http.n == "1") { set req.http.r = "one"; } elif (req.http.n == "2") { set req.http.r = "two"; } elseif (req.http.n == "3") { set req.http.r = "three"; } else { set req.http.r = "many${n}"; }`
    const answers = [1, 2, 3, 4].map((n) => recv(statements(n), (c) => c.req.fields.set('n', String(n))).req.fields.get('r'))
    expect(answers).toEqual(['one', 'two', 'three', 'many4'])
  })
})

describe('headers', () => {
  test('reads give the first, writes and unsets mean all', () => {
    const two = (c: FakeContext) => {
      c.req.fields.append('X-A', '1')
      c.req.fields.append('x-a', '2')
    }
    expect(value('req.http.X-a', two)).toBe('1')
    const set = recv('set req.http.X-A = "3";', two)
    expect(set.req.fields.combined('x-a')).toBe('3')
    expect(recv('unset req.http.x-A;', two).req.fields.has('x-a')).toBe(false)
    expect(recv('std.collect(req.http.x-a);', two).req.fields.combined('x-a')).toBe('1, 2')
  })

  test('+= appends, also to what is unset', () => {
    expect(recv('set req.http.a = "x"; set req.http.a += "y"; set req.http.b += "z";').req.fields.values.slice(0, 2)).toEqual(['xy', 'z'])
  })

  test('the spelling is that of the rules', () => {
    const c = recv('set req.http.X-Foo = "1"; set req.http."a.b" = "2";')
    expect(c.req.fields.names.slice(0, 2)).toEqual(['X-Foo', 'a.b'])
  })

  test('bytes stay bytes', () => {
    expect(value('"é"')).toBe('\xc3\xa9')
    expect(value('"É".lower()')).toBe('\xc3\x89')
  })

  test.each([
    ['set req.http.x = {"a\nb"};', 'x: control characters are not possible'],
    ['set req.http.x = regsub(req.url, "/", {"\r\n"});', 'x: control characters are not possible'],
    ['set req.url = "";', 'req.url cannot be empty'],
    ['set req.url = req.http.unset;', 'req.url cannot be empty'],
    ['set req.url = "/a b";', 'req.url: blanks and control characters are not possible'],
    ['set req.method = {"GET\n"};', 'req.method: blanks and control characters are not possible'],
  ])('%j fails the request', (statement, message) => {
    const c = recv(statement)
    expect(c.errors).toEqual([`${message} (vcl_recv, test.vcl:2:28)`])
  })

  test('values have a length that rules cannot exceed', () => {
    const doubled = 'set req.http.a = req.http.a + req.http.a;'.repeat(40)
    const c = recv(`set req.http.a = "0123456789abcdef"; ${doubled}`)
    expect(c.errors[0]).toMatch(/^a: value too long \(131072 bytes\)/)
    expect(c.lost).toEqual(['a: 131072 bytes'])
  })
})

describe('messages', () => {
  test('setting a status sets its reason; out of range fails', () => {
    const vcl = load('sub vcl_deliver { set resp.status = 404; set resp.http.r = resp.reason; set resp.status = 10404; }')
    const c = new FakeContext()
    run(vcl, 'deliver', c)
    expect([c.resp.fields.get('r'), c.resp.status, c.resp.reason]).toEqual(['Not Found', 10404, 'Not Found'])
    const low = new FakeContext()
    expect(run(load('sub vcl_deliver { set resp.status = 99; }'), 'deliver', low)).toBe('fail')
    expect(low.errors).toEqual(['status 99 is below 100 (vcl_deliver, test.vcl:2:19)'])
  })

  test('durations do not go below zero; *= takes numbers', () => {
    const vcl = load(
      'sub vcl_backend_response { set beresp.ttl = -1s; set beresp.grace *= 2.5; set beresp.keep += 1m; }',
      fakeHost(),
      'rfc9111',
    )
    const c = new FakeContext()
    run(vcl, 'backend_response', c)
    expect([c.beresp_ttl_s, c.beresp_grace_s, c.beresp_keep_s]).toEqual([0, 25, 60])
  })

  test('uncacheable is not taken back', () => {
    const c = new FakeContext()
    run(
      load('sub vcl_backend_response { set beresp.uncacheable = true; set beresp.uncacheable = false; return (deliver); }'),
      'backend_response',
      c,
    )
    expect(c.beresp_uncacheable).toBe(true)
  })

  test('bodies: synthetic, set and append', () => {
    const c = new FakeContext()
    run(load('sub vcl_synth { synthetic("a"); set resp.body += resp.status; return (deliver); }'), 'synth', c)
    expect(c.body).toBe('a200')
    const e = new FakeContext()
    run(load('sub vcl_backend_error { synthetic("a"); set beresp.body = "b"; return (deliver); }'), 'backend_error', e)
    expect(e.body).toBe('b')
  })

  test('a BLOB is a body of its bytes', () => {
    const c = new FakeContext()
    run(load('sub vcl_synth { set resp.body = :AID/:; set resp.body += :Cg==:; return (deliver); }'), 'synth', c)
    expect(c.body).toBe('\x00\x80\xff\n')
  })

  test('unset returns variables to nothing or to their parameter', () => {
    const c = recv('set req.grace = 5s; unset req.grace; set sess.timeout_idle = 99s; unset sess.timeout_idle;')
    expect([c.req_grace_s, c.sess_timeout_idle_s]).toEqual([undefined, 5])
    const b = new FakeContext()
    run(load('sub vcl_backend_fetch { unset bereq.body; set bereq.connect_timeout = 1s; }'), 'backend_fetch', b)
    expect([b.body_unset, b.bereq_connect_timeout_s]).toEqual([true, 1])
  })

  test('obj is readable in vcl_hit', () => {
    const c = new FakeContext()
    c.obj.head.fields.set('X-Kind', 'page')
    run(load('sub vcl_hit { set req.http.o = obj.http.x-kind + obj.hits + obj.ttl + obj.status; }'), 'hit', c)
    expect(c.req.fields.get('o')).toBe('page2100.000200')
  })

  test('in vcl_pipe bereq.* that the client side lacks comes from the request', () => {
    const c = new FakeContext()
    const client: Partial<FakeContext> = c
    client.bereq_xid = undefined
    client.bereq_time_s = undefined
    run(load('sub vcl_pipe { set bereq.http.x = bereq.xid + " " + bereq.time; }'), 'pipe', c)
    expect(c.bereq.fields.get('x')).toBe('1001 Tue, 14 Nov 2023 22:13:20 GMT')
  })
})

describe('regsub and ACLs', () => {
  test.each([
    ['regsub("abcabc", "b", "X")', 'aXcabc'],
    ['regsuball("abcabc", "b", "X")', 'aXcaXc'],
    ['regsub("abc", "(b)(c)", "\\2\\1\\0")', 'acbbc'],
    ['regsuball("abc", "x*", "-")', '-abc'],
    ['regsub("abc", "x", "y")', 'abc'],
    ['regsub(req.http.unset, "^", "y")', 'y'],
    ['regsub("aBc", "(?i)b", "$1")', 'a$1c'],
    ['"AbC".lower()', 'abc'],
    ['"AbC".lower().upper()', 'ABC'],
  ])('%s is %s', (expression, text) => {
    expect(value(expression)).toBe(text)
  })

  const ACL = 'acl office +log { "192.0.2.0"/24; ! "192.0.2.66"; "2001:db8::"/32; }'
  test.each([
    ['192.0.2.1', true, ['MATCH office "192.0.2.0"/24']],
    ['192.0.2.66', false, ['MATCH office ! "192.0.2.66"']],
    ['2001:db8::1', true, ['MATCH office "2001:db8::"/32']],
    ['10.0.0.1', false, ['NO_MATCH office']],
  ])('%s ~ office: %s', (address, expected, logged) => {
    const c = new FakeContext()
    run(load(`import std; ${ACL} sub vcl_recv { if (std.ip("${address}", "0.0.0.0") ~ office) { set req.http.in = "1"; } }`), 'recv', c)
    expect([c.req.fields.has('in'), c.acls]).toEqual([expected, logged])
  })

  test('without +log an ACL says nothing', () => {
    const c = new FakeContext()
    run(load('acl a { "192.0.2.1"; } sub vcl_recv { if (client.ip !~ a) { return (synth(403)); } }'), 'recv', c)
    expect(c.acls).toEqual([])
  })
})

describe('subs', () => {
  test('an action of a called sub ends its caller; falling through does not', () => {
    const vcl = load('sub a { if (req.url == "/stop") { return (pass); } } sub vcl_recv { call a; set req.http.on = "1"; return (hash); }')
    const go = new FakeContext()
    const stop = new FakeContext()
    stop.req.url = '/stop'
    expect([run(vcl, 'recv', go), run(vcl, 'recv', stop)]).toEqual(['hash', 'pass'])
    expect([go.req.fields.has('on'), stop.req.fields.has('on')]).toEqual([true, false])
  })

  test('return; ends the sub, not its caller', () => {
    const c = new FakeContext()
    run(load('sub a { set req.http.a = "1"; return; set req.http.b = "1"; } sub vcl_recv { call a; set req.http.c = "1"; }'), 'recv', c)
    expect(['a', 'b', 'c'].map((key) => c.req.fields.has(key))).toEqual([true, false, true])
  })

  test('several definitions of a built-in sub run in order, the built-in rules last', () => {
    const vcl = load('sub vcl_hash { hash_data("1"); } sub VCL_hash { hash_data("2"); }')
    const c = new FakeContext()
    c.req.fields.set('Host', 'h')
    expect(run(vcl, 'hash', c)).toBe('lookup')
    expect(c.hashed).toEqual(['1', '2', '/', 'h'])
  })

  test('only an action stops the later ones', () => {
    const c = new FakeContext()
    expect(run(load('sub vcl_hash { hash_data("1"); return (lookup); } sub vcl_hash { hash_data("2"); }'), 'hash', c)).toBe('lookup')
    expect(c.hashed).toEqual(['1'])
  })

  test('a helper of the built-in rules is replaced by return; (as on Varnish 7.1)', () => {
    const c = new FakeContext()
    c.req.fields.set('Host', 'h')
    c.req.fields.set('Cookie', 'a=b')
    expect(run(load('sub vcl_req_cookie { return; }'), 'recv', c)).toBe('hash')
  })

  test('the built-in vcl_synth overwrites what rules without return have set', () => {
    const c = new FakeContext()
    run(load('sub vcl_synth { set resp.http.Content-Type = "text/plain"; synthetic("mine"); }'), 'synth', c)
    expect(c.resp.fields.get('content-type')).toBe('text/html; charset=utf-8')
    expect(c.body).not.toContain('mine')
  })

  test('names may hold a dash and any case', () => {
    expect(run(load('sub My-Sub { return (pipe); } sub vcl_recv { call my-sub; }'), 'recv', new FakeContext())).toBe('pipe')
  })
})

describe('text of the rules never becomes code', () => {
  test.each(['$&', "$'", '$`', '$$', "'); throw 1; ('", '\\', '`${1}`', '\\u2028', '*/', '@'])('%j', (text) => {
    const literal = `{"${text}"}`
    expect(value(literal)).toBe(text)
    expect(holds(`std.strstr(${literal}, req.http.t)`, ({ req }) => req.fields.set('t', text))).toBe(true)
    expect(recv(`set client.identity = ${literal};`).client_identity).toBe(text)
  })
})
