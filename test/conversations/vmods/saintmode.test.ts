import { describe } from 'vitest'
import type { Conversation } from '../../kit/conversation.ts'
import { startCache } from '../../kit/cache.ts'
import type { TestOrigin } from '../../kit/origin.ts'
import { vtc } from '../../kit/vtc.ts'

/** Answers 500 to what is bad, its name to the rest. */
function half(t: Conversation, name: string): Promise<TestOrigin> {
  return t.origin(name, (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      if (request.start.includes(`/bad-${name}`)) s.tx('HTTP/1.1 500 Oh', 'Content-Length: 0')
      else s.answer(name)
    }),
  )
}

const RULES = `
  import saintmode; import directors;
  sub vcl_init {
    new sm1 = saintmode.saintmode(s1, 2);
    new sm2 = saintmode.saintmode(s2, 2);
    new d = directors.fallback();
    d.add_backend(sm1.backend());
    d.add_backend(sm2.backend());
  }
  sub vcl_recv {
    if (req.url == "/status") { return (synth(200, saintmode.status())); }
    set req.backend_hint = d.backend();
    return (pass);
  }
  sub vcl_backend_response {
    if (beresp.status >= 500) { saintmode.blacklist(20s); return (retry); }
    set beresp.http.Count = sm1.blacklist_count() + "/" + sm1.is_healthy();
  }`

describe('saintmode', () => {
  vtc('an object that a backend has failed is fetched elsewhere for a while; too many, and all are', async (t) => {
    const v1 = t.cache(await startCache({ origins: { s1: await half(t, 's1'), s2: await half(t, 's2') }, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's1', fields: { Count: '0/true' } })
    await c1.ask('/bad-s1-a', { body: 's2', fields: { Count: '1/false' } })
    await c1.ask('/', { body: 's1', fields: { Count: '1/true' } })
    v1.advance(10_000)
    await c1.ask('/bad-s1-b', { body: 's2' })
    await c1.ask('/', { body: 's2', fields: { Count: '2/false' } })
    const status =
      '{"saintmode":[{"name":"sm1","backend":"s1","count":2,"threshold":2},{"name":"sm2","backend":"s2","count":0,"threshold":2}]}'
    await c1.ask('/status', { start: `HTTP/1.1 200 ${status}` })
    v1.advance(10_000)
    await c1.ask('/', { body: 's1', fields: { Count: '1/true' } })
  })

  vtc('an object that all have failed has no backend', async (t) => {
    const v1 = t.cache(await startCache({ origins: { s1: await half(t, 's1'), s2: await half(t, 's2') }, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/bad-s1-bad-s2/bad-s1/bad-s2', { status: 503 })
  })
})
