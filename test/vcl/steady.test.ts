import { expect, test } from 'vitest'
import { VARIABLES } from '../../src/vcl/check/variables.ts'
import { STEADY_CALLS, STEADY_READS, STEADY_WRITES } from '../../src/vcl/emit-steady.ts'
import { VMODS } from '../../src/vcl/vmods/vmods.ts'
import { compile, FakeContext, load, recv, run } from '../kit/fake-context.ts'

function functionOf(path: string): unknown {
  const [vmod, name, method] = path.split('.')
  return method === undefined ? VMODS[vmod].functions[name] : VMODS[vmod].objects?.[name].methods[method]
}

test('what is said to be steady exists', () => {
  expect([...STEADY_CALLS].filter((path) => functionOf(path) === undefined)).toEqual([])
  const names = new Set(VARIABLES.map(({ name }) => name))
  expect([...STEADY_READS, ...STEADY_WRITES].filter((name) => !names.has(name))).toEqual([])
})

test.each([
  'set req.http.a = regsub(req.url, "a", req.http.b) + client.ip;',
  'if (req.method != "GET" && req.restarts == 0 && server.ip != client.ip) { return (pass); }',
  'set req.grace = 10s; set req.url = std.querysort(req.url); std.log("x" + req.http.a); unset req.http.c;',
  'set req.backend_hint = default; set req.hash_always_miss = true; return (hash);',
  'if (false) { set req.http.now = now; }',
  'set req.http.n = std.integer(req.http.n, 0);',
])('steady: %s', (rules) => {
  expect(recv(rules).unsteady).toBe(false)
})

test.each([
  'set req.http.now = now;',
  'if (req.http.a || std.random(0, 1) < 2) { set req.http.a = "1"; }',
  'set req.http.x = req.xid;',
  'set req.http.p = std.port(client.ip);',
  'set req.http.t = param.default_ttl;',
  'set req.storage = storage.s0;',
  'set sess.timeout_idle = 5s;',
  'set req.http.r = remote.ip;',
  'set req.http.h = std.healthy(default);',
  'std.timestamp("here");',
  'ban("req.url == /");',
  'std.syslog(1, "x");',
])('not steady: %s', (rules) => {
  expect(recv(rules).unsteady).toBe(true)
})

test('what called subs do counts, too', () => {
  const c = new FakeContext()
  run(load('sub deep { set req.http.now = now; } sub shallow { call deep; } sub vcl_recv { call shallow; return (hash); }'), 'recv', c)
  expect(c.unsteady).toBe(true)
})

test('in subs that vcl_recv and vcl_hash do not come to nothing is noted', () => {
  const compiled = compile('sub late { set resp.http.now = now; } sub vcl_deliver { call late; }')
  expect(compiled.ok && compiled.program.js).not.toContain('unsteady')
  expect(compiled.ok && compiled.program.js).toContain('sub_late')
})
