import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('stale-while-revalidate', () => {
  const LINES = 'Cache-Control: max-age=10, stale-while-revalidate=20'

  vtc('a stale answer at once, a fresh one for the next', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', LINES)
      await s.rx()
      await t.until('c1 has its answer', () => served)
      s.answer('new', LINES)
    })
    let served = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(11_000)
    await c1.ask('/', { status: 200, body: 'old', fields: { Age: '11' } })
    served = true
    await t.until('the fresh one has come', () => v1.counters().fetch_length === 2)
    await c1.ask('/', { status: 200, body: 'new', fields: { Age: '0' } })
    expect(v1.counters()).toMatchObject({ s_bgfetch: 1, cache_hit_grace: 1 })
  })

  vtc('many stale hits start one background fetch', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', LINES)
      await s.rx()
      await t.until('ten were served', () => v1.counters().cache_hit_grace === 10)
      s.answer('new', LINES)
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(11_000)
    for (let i = 0; i < 10; i++) await c1.ask('/', { body: 'old' })
    expect(v1.counters().s_bgfetch).toBe(1)
  })

  vtc('it counts from the 304 that says so, whatever the response was at birth', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', 'Cache-Control: max-age=0', 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      s.tx('HTTP/1.1 304 Not Modified', LINES, 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      await t.until('c1 has its answer', () => served)
      s.tx('HTTP/1.1 304 Not Modified', LINES, 'ETag: "v1"')
    })
    let served = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body' })
    await c1.ask('/', { body: 'body' })
    v1.advance(11_000)
    await c1.ask('/', { body: 'body', fields: { Age: '11' } })
    served = true
  })

  vtc('after the window the client waits for a new one', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, LINES)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(31_000)
    await c1.ask('/', { body: '2' })
    expect(v1.counters().s_bgfetch).toBe(0)
  })

  vtc('the background fetch is conditional; 304 freshens what is stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', LINES, 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      s.tx('HTTP/1.1 304 Not Modified', LINES, 'ETag: "v1"', 'X-Checked: yes')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body' })
    v1.advance(11_000)
    await c1.ask('/', { body: 'body', fields: { 'X-Checked': undefined } })
    await t.until('it was validated', () => v1.counters().fetch_304 === 1)
    await c1.ask('/', { body: 'body', fields: { 'X-Checked': 'yes', Age: '0' } })
  })

  vtc('a background fetch that fails leaves the stale one, and the next hit tries again', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', LINES)
      await s.rx()
      s.raw('not HTTP\r\n\r\n')
      s.close()
      await s.rx()
      s.answer('new', LINES)
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(11_000)
    await c1.ask('/', { status: 200, body: 'old' })
    await t.until('the refresh has failed', () => v1.counters().fetch_failed === 1)
    await c1.ask('/', { status: 200, body: 'old' })
    await t.until('the third request was answered', () => s1.seen.length === 3)
    await t.until('there were two refreshes', () => v1.counters().s_bgfetch === 2)
  })

  vtc('must-revalidate forbids a stale answer', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, LINES + ', must-revalidate')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/', { body: '2' })
  })

  vtc('a client that says no-cache does not get a stale answer', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, LINES)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/', { body: '2' }, 'Cache-Control: no-cache')
  })

  vtc('a client that says max-stale gets one beyond what the origin allows', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=10', 'ETag: "v1"')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(15_000)
    await c1.ask('/', { body: '1', fields: { Age: '15' } }, 'Cache-Control: max-stale=10')
  })
})

describe('grace of the rules', () => {
  vtc('policy=varnish: default_grace after default_ttl', async (t) => {
    const v1 = t.cache(
      await startCache({ origin: await numbered(t), params: { policy: 'varnish', default_ttl: '100', default_grace: '10' } }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(105_000)
    await c1.ask('/', { body: '1' })
    expect(v1.counters().s_bgfetch).toBe(1)
  })

  vtc('beresp.grace keeps a stale answer usable', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.ttl = 10s; set beresp.grace = 1h; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(3_000_000)
    await c1.ask('/', { body: '1' })
  })

  vtc('req.grace limits it for a request', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.http.X-Fresh) { set req.grace = 0s; } }
      sub vcl_backend_response { set beresp.ttl = 10s; set beresp.grace = 1h; }`
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/', { body: '2' }, 'X-Fresh: 1')
  })

  vtc('beresp.keep holds it for a conditional fetch after grace', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "v1"')
    })
    const vcl = 'sub vcl_backend_response { set beresp.ttl = 10s; set beresp.grace = 0s; set beresp.keep = 1h; }'
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body' })
    v1.advance(60_000)
    await c1.ask('/', { status: 200, body: 'body' })
  })

  vtc('past ttl, grace and keep it is gone', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('new', 'ETag: "v1"')
    })
    const vcl = 'sub vcl_backend_response { set beresp.ttl = 10s; set beresp.grace = 10s; set beresp.keep = 10s; }'
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(31_000)
    await c1.ask('/', { body: 'new' })
  })
})

describe('stale-if-error', () => {
  const LINES = ['Cache-Control: max-age=10, stale-if-error=100', 'ETag: "v1"']

  vtc('a 503 of the origin is answered with the stale object', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('good', ...LINES)
      await s.rx()
      s.answer('bad', 'HTTP/1.1 503 Unavailable')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'good' })
    v1.advance(11_000)
    await c1.ask('/', { status: 200, body: 'good' })
  })

  vtc('so is an origin that has gone', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('good', ...LINES)
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'good' })
    await s1.down()
    v1.advance(11_000)
    await c1.ask('/', { status: 200, body: 'good' })
  })

  vtc('but not for ever', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('good', ...LINES)
      await s.rx()
      s.answer('bad', 'HTTP/1.1 503 Unavailable')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'good' })
    v1.advance(120_000)
    await c1.ask('/', { status: 503, body: 'bad' })
  })

  vtc('a 404 is an answer, not an error', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('good', ...LINES)
      await s.rx()
      s.answer('gone', 'HTTP/1.1 404 Not Found')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'good' })
    v1.advance(11_000)
    await c1.ask('/', { status: 404, body: 'gone' })
  })
})

describe('a stored response in place of one that could not be had', () => {
  vtc('has its Age, however young it is (RFC 9111 section 5.1)', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('stored', 'Cache-Control: max-age=0, stale-if-error=60', 'ETag: "1"')
      await s.rx()
      s.answer('broken', 'HTTP/1.1 503 Service Unavailable')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'stored', fields: { Age: undefined } })
    await c1.ask('/', { status: 200, body: 'stored', fields: { Age: '0' } })
  })
})
