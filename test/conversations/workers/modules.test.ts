import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from './scene.ts'

/** What modules keep for all workers is one for all of them; what they keep for a request is its own. */
const RULES = `
import var; import vsthrottle; import directors;
sub vcl_init {
  new turns = directors.round_robin();
  turns.add_backend(default);
}
sub vcl_recv {
  if (req.url == "/set") { var.global_set("flag", req.http.X-Flag); return (synth(200)); }
  if (req.url == "/flag") { return (synth(200, "flag " + var.global_get("flag"))); }
  if (vsthrottle.is_denied(req.url, 10, 1d)) { return (synth(429)); }
  set req.backend_hint = turns.backend();
  return (pass);
}
sub vcl_synth { set resp.body = resp.reason; return (deliver); }`

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
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
