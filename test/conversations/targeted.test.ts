import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

const HIDDEN = { 'Lacquer-Cache-Control': undefined, 'Surrogate-Control': undefined }

describe('targeted cache control (RFC 9213)', () => {
  vtc('a field that speaks to us alone decides and does not leave; CDN-Cache-Control is handed on', async (t) => {
    const s1 = await numbered(
      t,
      'Cache-Control: no-store',
      'Lacquer-Cache-Control: max-age=60',
      'CDN-Cache-Control: no-store',
      'Surrogate-Control: max-age=1',
    )
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const fields = { ...HIDDEN, 'Cache-Control': 'no-store', 'CDN-Cache-Control': 'no-store' }
    await c1.ask('/', { body: '1', fields })
    v1.advance(59_000)
    await c1.ask('/', { body: '1', fields })
    v1.advance(2000)
    await c1.ask('/', { body: '2', fields })
  })

  vtc('nor does it from a response that is passed, nor past rules that look at resp', async (t) => {
    const s1 = await numbered(t, 'Lacquer-Cache-Control: max-age=60')
    const vcl = `
      sub vcl_recv { if (req.url == "/pass") { return (pass); } }
      sub vcl_backend_response { set beresp.http.X-Seen = beresp.http.Lacquer-Cache-Control; }
      sub vcl_deliver { set resp.http.X-Left = resp.http.Lacquer-Cache-Control; }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    const fields = { ...HIDDEN, 'X-Seen': 'max-age=60', 'X-Left': '' }
    await c1.ask('/pass', { body: '1', fields })
    await c1.ask('/', { body: '2', fields })
    await c1.ask('/', { body: '2', fields })
  })

  vtc('a 304 that does not repeat it: what it said still holds', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'ETag: "1"', 'Lacquer-Cache-Control: max-age=60', 'Cache-Control: max-age=1')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=2')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Lacquer-Cache-Control: max-age=5')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.answer('two', 'Cache-Control: max-age=60')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const fields = { ...HIDDEN, 'Cache-Control': /max-age=[12]/ }
    await c1.ask('/', { body: 'one', fields })
    v1.advance(61_000)
    await c1.ask('/', { body: 'one', fields })
    v1.advance(59_000)
    await c1.ask('/', { body: 'one', fields })
    v1.advance(2000)
    await c1.ask('/', { body: 'one', fields })
    v1.advance(4000)
    await c1.ask('/', { body: 'one', fields })
    v1.advance(2000)
    await c1.ask('/', { body: 'two' })
  })

  vtc('its stale-if-error is heard when the origin fails', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'Lacquer-Cache-Control: max-age=10, stale-if-error=60', 'Cache-Control: max-age=10, stale-if-error=1')
      await s.rx()
      s.answer('broken', 'HTTP/1.1 500 Oops')
      await s.rx()
      s.answer('broken', 'HTTP/1.1 500 Oops')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'one' })
    v1.advance(60_000)
    await c1.ask('/', { body: 'one', fields: { Age: '60', ...HIDDEN } })
    v1.advance(11_000)
    await c1.ask('/', { status: 500 })
  })

  vtc('max-age=30+60 of Surrogate-Control: stale while it is refreshed', async (t) => {
    const s1 = await numbered(t, 'Surrogate-Control: max-age=30+60', 'Cache-Control: no-store')
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(31_000)
    await c1.ask('/', { body: '1', fields: HIDDEN })
    await t.until('it is refreshed', () => s1.seen.length === 2)
    await c1.ask('/', { body: '2', fields: HIDDEN })
  })

  vtc('fields that its private="..." lists are for the one who asked', async (t) => {
    const s1 = await numbered(
      t,
      'CDN-Cache-Control: max-age=60, private="x-user"',
      'Cache-Control: private="x-other"',
      'X-User: 1',
      'X-Other: 2',
    )
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: '1', fields: { 'X-User': '1', 'X-Other': '2' } })
    await c1.ask('/', { body: '1', fields: { 'X-User': undefined, 'X-Other': '2' } })
  })

  vtc('names are the operator’s to choose, and so is what is handed on', async (t) => {
    const s1 = await numbered(t, 'Edge-Cache-Control: max-age=60', 'Lacquer-Cache-Control: no-store', 'Surrogate-Control: no-store')
    const params = { cache_control_targets: 'Edge-Cache-Control', cache_control_consumed: 'Edge-Cache-Control Surrogate-Control' }
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params })))
    const fields = { 'Edge-Cache-Control': undefined, 'Surrogate-Control': undefined, 'Lacquer-Cache-Control': 'no-store' }
    await c1.ask('/', { body: '1', fields })
    await c1.ask('/', { body: '1', fields })
  })

  vtc('policy=varnish knows none of them, and hands all on', async (t) => {
    const s1 = await numbered(t, 'Lacquer-Cache-Control: no-store', 'Surrogate-Control: max-age=0')
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: { policy: 'varnish' } })))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1', fields: { 'Lacquer-Cache-Control': 'no-store', 'Surrogate-Control': 'max-age=0' } })
  })
})

describe('immutable (RFC 8246)', () => {
  vtc('a reload is answered from the store while the response is fresh; no-cache is not', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=60, immutable', 'ETag: "1"')
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' }, 'Cache-Control: max-age=0')
    await c1.ask('/', { status: 304 }, 'Cache-Control: max-age=0', 'If-None-Match: "1"')
    await c1.ask('/', { body: '2' }, 'Cache-Control: no-cache')
    v1.advance(61_000)
    await c1.ask('/', { body: '3' }, 'Cache-Control: max-age=0')
    expect(s1.seen.length).toBe(3)
  })
})
