import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from './scene.ts'

/** What modules keep for all workers is one for all of them; what they keep for a request is its own. */
const RULES = `
import std; import var; import vsthrottle; import directors; import saintmode;
sub vcl_init {
  new turns = directors.round_robin();
  turns.add_backend(default);
  new saint = saintmode.saintmode(default, 2);
  std.syslog(5, "the rules begin");
}
sub vcl_recv {
  if (req.url == "/set") { var.global_set("flag", req.http.X-Flag); return (synth(200)); }
  if (req.url == "/flag") { return (synth(200, "flag " + var.global_get("flag"))); }
  if (req.url ~ "^/saint/") { set req.backend_hint = saint.backend(); return (pass); }
  if (vsthrottle.is_denied(req.url, 10, 1d)) { return (synth(429)); }
  set req.backend_hint = turns.backend();
  return (pass);
}
sub vcl_backend_response { if (beresp.status == 500) { saintmode.blacklist(1h); } }
sub vcl_synth { set resp.body = resp.reason; return (deliver); }`

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

test('what vcl_init says to the operations log is said once, not by each worker', () => {
  expect(scene.crew.operations.heard.filter((line) => line.includes('the rules begin'))).toHaveLength(1)
})

test('ten tokens are ten tokens, whichever worker is asked', async () => {
  scene.begin((_, response) => response.end('page'))
  const asked = await Promise.all(Array.from({ length: 40 }, (_, i) => scene.ask(i % 2, '/limited')))
  const statuses = asked.map(({ status }) => status)
  expect([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length]).toEqual([10, 30])
})

test('a global variable that one worker sets the other sees', async () => {
  for (const slot of [0, 1]) {
    await scene.ask(slot, '/set', `X-Flag: by ${slot}`)
    for (const other of [0, 1]) expect(await scene.told(other, '/flag')).toBe(`flag by ${slot}`)
  }
  await scene.ask(0, '/set')
  expect(await scene.told(1, '/flag')).toBe('flag ')
})

test('a backend that one worker has found to be bad for an object is so for all, and for one that begins later', async () => {
  scene.begin((request, response) => {
    response.statusCode = request.url!.includes('bad') ? 500 : 200
    response.end('page')
  })
  expect(await scene.told(0, '/saint/good')).toBe('page')
  expect((await scene.ask(0, '/saint/bad')).status).toBe(500)
  for (const slot of [0, 1]) expect((await scene.ask(slot, '/saint/bad')).status).toBe(503)
  expect(scene.asked).toEqual(['GET /saint/good', 'GET /saint/bad'])
  expect(await scene.told(1, '/saint/good')).toBe('page')
  await scene.crew.kill(1)
  await scene.crew.replaced(1)
  expect((await scene.ask(1, '/saint/bad')).status).toBe(503)
  // Two are too many.
  expect((await scene.ask(1, '/saint/bad2')).status).toBe(500)
  for (const slot of [0, 1]) expect((await scene.ask(slot, '/saint/good')).status).toBe(503)
})
