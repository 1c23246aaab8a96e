import { describe, expect, test } from 'vitest'
import { FakeContext, fakeHost, load, recv, run } from '../kit/fake-context.ts'

describe('failures', () => {
  test('what goes wrong outside the rules ends as return (fail), never as an exception', () => {
    const c = new FakeContext()
    c.vclLog = () => {
      throw new TypeError('out of\norder')
    }
    expect(run(load('import std; sub vcl_recv {\n  std.log("x");\n}'), 'recv', c)).toBe('fail')
    expect(c.errors).toEqual(['out of order (test.vcl:3:3)'])
  })

  test('a storage that does not exist', () => {
    expect(recv('set req.storage = storage.nope;').errors).toEqual([expect.stringMatching(/^storage\.nope does not exist/)])
  })

  test('the place is that of an included or called sub', () => {
    const c = new FakeContext()
    run(load('sub inner {\n  set req.url = "";\n}\nsub vcl_recv { call inner; }'), 'recv', c)
    expect(c.errors).toEqual(['req.url cannot be empty (test.vcl:3:3)'])
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
      bodyBytes: 0,
      refreshes: false,
    })
  })

  test.each([
    ['sub vcl_deliver { set resp.http.x = "1"; }', { respTouched: true, trivialDeliver: false }],
    ['sub own { unset resp.http.x; } sub vcl_deliver { call own; }', { respTouched: true, trivialDeliver: false }],
    ['import std; sub vcl_deliver { std.collect(resp.http.x); }', { respTouched: true, trivialDeliver: false }],
    ['sub vcl_synth { set resp.http.x = "1"; }', { respTouched: false, trivialDeliver: true }],
    ['sub vcl_deliver { set req.http.x = "1"; }', { respTouched: false, trivialDeliver: false }],
    ['sub vcl_deliver { }', { trivialDeliver: true }],
    ['sub own { } sub vcl_hit { call own; return (deliver); }', { trivialHit: true }],
    ['sub vcl_hit { if (obj.hits > 1) { return (pass); } }', { trivialHit: false }],
    ['sub vcl_hit { return (pass); }', { trivialHit: false }],
    ['sub vcl_hash { hash_data("x"); }', { builtinHash: false }],
    ['import std; sub own { std.cache_req_body(1KB); } sub vcl_recv { call own; std.cache_req_body(2KB); }', { bodyBytes: 2048 }],
    ['import std; sub vcl_recv { std.cache_req_body(std.bytes(req.http.x, 1KB)); }', { bodyBytes: Number.MAX_SAFE_INTEGER }],
    ['sub vcl_backend_refresh { return (merge); }', { refreshes: true }],
    ['sub vcl_refresh_valid { return; }', { refreshes: true }],
    ['import std; sub vcl_backend_fetch { std.rollback(bereq); }', { rollback: true }],
  ])('%s', (body, expected) => {
    expect(usage(body)).toMatchObject(expected)
  })
})
