import { describe, expect } from 'vitest'
import type { Conversation } from '../../kit/conversation.ts'
import type { TestOrigin } from '../../kit/origin.ts'
import { startCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'

/** An origin that says its name. */
function named(t: Conversation, name: string): Promise<TestOrigin> {
  return t.origin(name, (s) =>
    s.forever(async () => {
      await s.rx()
      s.answer(name)
    }),
  )
}

describe('directors', () => {
  vtc('round_robin: each backend in its turn, one declared as none is none', async (t) => {
    const origins = { s1: await named(t, 's1'), s2: await named(t, 's2') }
    const vcl = `
      import directors;
      sub vcl_init { new d = directors.round_robin(); d.add_backend(s1); d.add_backend(s2); }
      sub vcl_recv { set req.backend_hint = d.backend(); return (pass); }
      sub vcl_backend_response { set beresp.http.X-Backend = bereq.backend + "/" + beresp.backend; }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origins, vcl })))
    await c1.ask('/', { body: 's1', fields: { 'X-Backend': 'd/s1' } })
    await c1.ask('/', { body: 's2', fields: { 'X-Backend': 'd/s2' } })
    await c1.ask('/', { body: 's1' })
  })

  vtc('a retry is the turn of the next one', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 500 Oh', 'Content-Length: 0')
    })
    const origins = { s1, s2: await named(t, 's2') }
    const vcl = `
      import directors;
      sub vcl_init { new d = directors.round_robin(); d.add_backend(s1); d.add_backend(s2); }
      sub vcl_recv { set req.backend_hint = d.backend(); }
      sub vcl_backend_response { if (beresp.status >= 500) { return (retry); } }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origins, vcl })))
    await c1.ask('/', { status: 200, body: 's2' })
  })

  vtc('a director without a healthy backend: 503, and the log says which', async (t) => {
    const vcl = `
      import directors;
      sub vcl_init { new d = directors.fallback(); }
      sub vcl_recv { set req.backend_hint = d.backend(); }`
    const v1 = t.cache(await startCache({ origin: await named(t, 's1'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    expect(
      v1
        .log()
        .filter(({ tag }) => tag === 'FetchError')
        .map(({ text }) => text),
    ).toEqual(['Director d returned no backend'])
  })

  vtc('none that is set is none, not the default backend', async (t) => {
    const s1 = await named(t, 's1')
    const vcl = `
      import directors;
      sub vcl_init { new d = directors.hash(); }
      sub vcl_recv { set req.backend_hint = d.backend(req.url); if (!req.backend_hint) { set req.http.X-None = "1"; } }
      sub vcl_backend_error { set beresp.http.X-None = bereq.http.X-None; }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/', { status: 503, fields: { 'X-None': '1' } })
    expect(s1.connections).toBe(0)
  })

  vtc('hash: one URL, one backend; a director is a member of another; pipes go through directors, too', async (t) => {
    const origins = { s1: await named(t, 's1'), s2: await named(t, 's2') }
    const vcl = `
      import directors;
      sub vcl_init {
        new inner = directors.fallback(); inner.add_backend(s2);
        new outer = directors.round_robin(); outer.add_backend(inner.backend());
      }
      sub vcl_recv { set req.backend_hint = outer.backend(); if (req.url == "/pipe") { return (pipe); } return (pass); }`
    const v1 = t.cache(await startCache({ origins, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's2' })
    await c1.ask('/pipe', { body: 's2' })
  })
})
