import { describe, expect, test } from 'vitest'
import { FakeContext, fakeHost, load, recv, run } from '../kit/fake-context.ts'

describe('failures', () => {
  test('what goes wrong outside the rules ends as return (fail), never as an exception', () => {
    const c = new FakeContext()
    c.vclLog = () => {
      throw new TypeError('out of\norder')
    }
    expect(run(load('import std; sub vcl_recv {\n  std.log("x");\n}'), 'recv', c)).toBe('fail')
    expect(c.errors).toEqual(['out of order (vcl_recv, test.vcl:3:3)'])
  })

  test('a storage that does not exist', () => {
    expect(recv('set req.storage = storage.nope;').errors).toEqual([expect.stringMatching(/^storage\.nope does not exist/)])
  })

  test('the place is that of an included or called sub', () => {
    const c = new FakeContext()
    run(load('sub inner {\n  set req.url = "";\n}\nsub vcl_recv { call inner; }'), 'recv', c)
    expect(c.errors).toEqual(['req.url cannot be empty (inner, test.vcl:3:3)'])
  })
})

describe('every kind of failure ends as return (fail), and says where', () => {
  const HUGE = ' + req.http.h'.repeat(70)

  test.each<[string, string, string]>([
    ['a whole number by 0', 'set req.http.a = 1 / std.integer("0", 0);', 'division by zero'],
    ['the rest of it', 'set req.http.a = 1 % std.integer("0", 0);', 'division by zero'],
    ['a real number by 0', 'set req.http.a = 1.0 / std.real("0", 0.0);', 'division by zero'],
    ['an assignment that divides', 'set req.grace = 1s; set req.grace /= std.real("0", 0.0);', 'division by zero'],
    ['a condition that divides', 'if (req.restarts / std.integer("0", 0) > 1) { set req.http.a = "b"; }', 'division by zero'],
    ['an empty URL', 'set req.url = req.http.nothing;', 'req.url cannot be empty'],
    ['a URL that the rules emptied', 'set req.url = regsub(req.url, "^.*$", "");', 'req.url cannot be empty'],
    ['a URL with a blank', 'set req.url = "/a b";', 'req.url: blanks and control characters are not possible'],
    ['a method with a line end', 'set req.method = {"GET\n"};', 'req.method: blanks and control characters are not possible'],
    ['a field with a line end', 'set req.http.a = {"b\r\nc"};', 'a: control characters are not possible'],
    ['a field that is too long', `set req.http.a = "x"${HUGE};`, 'a: value too long (70001 bytes)'],
    ['a field that becomes too long', `set req.http.a = "x"; set req.http.a += "x"${HUGE};`, 'a: value too long (70002 bytes)'],
    ['a store that is not there', 'set req.http.a = storage.nope.free_space;', 'storage.nope does not exist'],
    ['a reason with a line end', 'return (synth(200, {"a\nb"}));', 'reason: control characters are not possible'],
    ['a status below 100', 'return (synth(std.integer("99", 0)));', 'illegal status code (99) (..0##)'],
    ['a status that is negative', 'return (synth(-1));', 'status code (-1) is negative'],
    ['a status that is too large', 'return (synth(65536));', 'status code (65536) > 65535'],
    ['a status whose last digits are none', 'return (synth(10099, "a"));', 'illegal status code (10099) (..0##)'],
    ['a function of a module', 'set req.http.a = blob.transcode(BASE64, HEX, encoded="*");', ''],
    ['an object that vcl_init has not made', 'set req.backend_hint = late.backend();', 'object late has not been made in vcl_init'],
    ['a pattern at its limit', 'if (req.http.a0 ~ "^(?=a)(a+)+$") { set req.http.b = "c"; }', 'given up'],
  ])('%s', (_what, statement, message) => {
    const c = new FakeContext()
    c.req.fields.append('H', 'h'.repeat(1000))
    c.req.fields.append('A0', `${'a'.repeat(4000)}b`)
    const late = 'sub vcl_init { if (std.integer("0", 0) > 1) { new late = directors.round_robin(); } }'
    const rules = `import std; import blob; import directors;\n${late}\nsub vcl_recv {\n  ${statement}\n  set req.http.after = "1";\n}`
    expect(run(load(rules), 'recv', c)).toBe('fail')
    expect(c.errors).toHaveLength(1)
    expect(c.errors[0]).toContain(message)
    expect(c.errors[0]).toMatch(/ \(vcl_recv, test\.vcl:5:\d+\)$/)
    expect(c.req.fields.get('after')).toBeUndefined()
  })

  test('a place is of the run that failed: what went well before has left none', () => {
    const vcl = load('sub vcl_recv {\n  set req.url = req.url + "a";\n}\nsub vcl_hash {\n  hash_data(req.url);\n}')
    const c = new FakeContext()
    run(vcl, 'recv', c)
    expect(c.errors).toEqual([])
    c.hashData = () => {
      throw new Error('out of order')
    }
    expect(run(vcl, 'hash', c)).toBe('fail')
    expect(c.errors).toEqual(['out of order (vcl_hash)'])
  })
})

describe('housekeeping', () => {
  test('vcl_init runs at load, and its failure is the load’s', () => {
    expect(() => load('sub vcl_init { return (fail("not today")); }')).toThrow('vcl_init failed: not today')
    expect(() => load('import std; sub vcl_init { std.log("hello " + server.hostname + now); }')).not.toThrow()
  })

  test('vcl_fini runs once when the rules go', () => {
    expect(() => load('import std; sub vcl_fini { std.log("bye"); }').fini()).not.toThrow()
  })
})

describe('what the hit path may skip', () => {
  const usage = (body: string) => load(body, fakeHost(), 'rfc9111').usage

  test('the built-in rules alone', () => {
    expect(usage('')).toEqual({
      respTouched: false,
      trivialHit: true,
      trivialDeliver: true,
      builtinHash: true,
      rollback: false,
      pristine: false,
      recalled: false,
      bodyBytes: 0,
      refreshes: false,
      xVarnish: false,
    })
  })

  test.each([
    ['sub vcl_deliver { set resp.http.x = "1"; }', { respTouched: true, trivialDeliver: false }],
    ['sub own { unset resp.http.x; } sub vcl_deliver { call own; }', { respTouched: true, trivialDeliver: false }],
    ['import std; sub vcl_deliver { std.collect(resp.http.x); }', { respTouched: true, trivialDeliver: false }],
    ['sub vcl_synth { set resp.http.x = "1"; }', { respTouched: false, trivialDeliver: true }],
    ['sub vcl_deliver { set req.http.x = "1"; }', { respTouched: false, trivialDeliver: false }],
    ['sub vcl_deliver { }', { trivialDeliver: true }],
    ['sub own { if (resp.http.x-varnish ~ " ") { return; } } sub vcl_deliver { call own; }', { xVarnish: true }],
    ['sub vcl_deliver { unset resp.http.X-Varnish; set resp.http.x = req.http.x-varnish; }', { xVarnish: false }],
    ['sub own { } sub vcl_hit { call own; return (deliver); }', { trivialHit: true }],
    ['sub vcl_hit { if (obj.hits > 1) { return (pass); } }', { trivialHit: false }],
    ['sub vcl_hit { return (pass); }', { trivialHit: false }],
    ['sub vcl_hash { hash_data("x"); }', { builtinHash: false }],
    ['import std; sub own { std.cache_req_body(1KB); } sub vcl_recv { call own; std.cache_req_body(2KB); }', { bodyBytes: 2048 }],
    ['import std; sub vcl_recv { std.cache_req_body(std.bytes(req.http.x, 1KB)); }', { bodyBytes: Number.MAX_SAFE_INTEGER }],
    ['sub vcl_backend_refresh { return (merge); }', { refreshes: true }],
    ['sub vcl_refresh_valid { return; }', { refreshes: true }],
    ['import std; sub vcl_backend_fetch { std.rollback(bereq); }', { rollback: true, pristine: true }],
    ['sub vcl_backend_response { set beresp.do_esi = true; }', { pristine: true }],
  ])('%s', (body, expected) => {
    expect(usage(body)).toMatchObject(expected)
  })
})
