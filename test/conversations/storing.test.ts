import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('what is not stored', () => {
  const refused: [what: string, lines: string[]][] = [
    ['no-store', ['Cache-Control: no-store, max-age=100']],
    ['private', ['Cache-Control: private, max-age=100']],
    ['Set-Cookie when only Expires permits storing', ['Set-Cookie: session=1', `Expires: ${httpDate(100)}`]],
    ['Vary: *', ['Vary: *', 'Cache-Control: max-age=100']],
    ['max-age=0 without a validator', ['Cache-Control: max-age=0']],
    ['206 Partial Content', ['HTTP/1.1 206 Partial Content', 'Content-Range: bytes 0-0/10', 'Cache-Control: max-age=100']],
    ['500', ['HTTP/1.1 500 Oops']],
    ['429, whatever it says (RFC 6585 section 4)', ['HTTP/1.1 429 Too Many Requests', 'Cache-Control: public, max-age=100']],
    ['private, though Connection lists Cache-Control', ['Connection: cache-control', 'Cache-Control: private, max-age=100']],
    ['private="Vary": it cannot be left out', ['Cache-Control: max-age=100, private="Vary"', 'Vary: Accept']],
  ]
  for (const [what, lines] of refused) {
    vtc(what, async (t) => {
      const v1 = t.cache(await startCache(await numbered(t, ...lines)))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: '1' })
      await c1.ask('/', { body: '2' })
      expect(v1.counters().cache_hit).toBe(0)
    })
  }

  vtc('429 all the same, where the rules say for how long', async (t) => {
    const vcl = 'sub vcl_backend_response { if (beresp.status == 429) { set beresp.ttl = 5s; } }'
    const s1 = await numbered(t, 'HTTP/1.1 429 Too Many Requests', 'Retry-After: 5')
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/', { status: 429, body: '1' })
    await c1.ask('/', { status: 429, body: '1' })
  })

  vtc('fields of the connection, and those that private="..." and no-cache="..." list; all others are (section 3.1)', async (t) => {
    const lists = ['Cache-Control: max-age=100, private="X-Mine"', 'Cache-Control: no-cache="Set-Cookie"']
    const listed = ['X-Mine: 1', 'Set-Cookie: a=b', 'Connection: X-Hop', 'X-Hop: 1', 'Keep-Alive: timeout=9', 'Proxy-Authenticate: Basic']
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, ...lists, ...listed, 'X-Odd: 1', 'Content-Range: odd'))))
    const hop = { 'X-Hop': undefined, 'Keep-Alive': undefined, 'Proxy-Authenticate': undefined, Connection: undefined }
    await c1.ask('/', { body: '1', fields: { 'X-Mine': '1', 'Set-Cookie': 'a=b', ...hop } })
    const kept = { 'X-Odd': '1', 'Content-Range': 'odd' }
    await c1.ask('/', { body: '1', fields: { 'X-Mine': undefined, 'Set-Cookie': undefined, ...kept, ...hop } })
  })

  vtc('the answer to a request with no-store', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' }, 'Cache-Control: no-store')
    await c1.ask('/', { body: '2' })
    await c1.ask('/', { body: '2' })
  })

  vtc('the answer to an authorised request, unless it says so', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const [i, directive] of ['max-age=100', 'max-age=100, public', 's-maxage=100', 'max-age=100, must-revalidate'].entries()) {
        await s.rx({ start: `GET /${i} HTTP/1.1`, fields: { Authorization: 'Basic x' } })
        s.answer('for a', `Cache-Control: ${directive}`)
        if (i > 0) continue
        await s.rx({ fields: { Authorization: 'Basic y' } })
        s.answer('for b')
      }
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/0', { body: 'for a' }, 'Authorization: Basic x')
    await c1.ask('/0', { body: 'for b' }, 'Authorization: Basic y')
    for (const path of ['/1', '/2', '/3']) {
      await c1.ask(path, { body: 'for a' }, 'Authorization: Basic x')
      await c1.ask(path, { body: 'for a' }, 'Authorization: Basic y')
    }
  })

  vtc('under policy=varnish requests with Cookie or Authorization pass', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'Cookie: a=b')
    await c1.ask('/', { body: '3' }, 'Authorization: Basic x')
    await c1.ask('/', { body: '1' })
    expect(v1.counters().s_pass).toBe(2)
  })
})

describe('keys', () => {
  vtc('another query, path or host is another object', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100'))))
    await c1.ask('/a', { body: '1' })
    await c1.ask('/a?x', { body: '2' })
    await c1.ask('/b', { body: '3' })
    await c1.ask('/a', { body: '4' }, 'Host: other.example')
    await c1.ask('/a', { body: '1' })
    await c1.ask('/a', { body: '1' }, 'Host: EXAMPLE.com')
  })

  vtc('hash_data of the rules makes the key', async (t) => {
    const vcl = 'sub vcl_hash { hash_data(req.http.X-Tenant); }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), vcl })))
    await c1.ask('/', { body: '1' }, 'X-Tenant: a')
    await c1.ask('/', { body: '2' }, 'X-Tenant: b')
    await c1.ask('/', { body: '1' }, 'X-Tenant: a')
  })

  vtc('Vary: one object per value, and per absence', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100', 'Vary: X-Kind'))))
    await c1.ask('/', { body: '1' }, 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'X-Kind: b')
    await c1.ask('/', { body: '3' })
    await c1.ask('/', { body: '1' }, 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'X-Kind: b')
    await c1.ask('/', { body: '3' })
  })

  vtc('a hundred variants of one URL are all found', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100', 'Vary: X-Kind, X-Other')))
    const c1 = await t.connect('c1', v1)
    for (let i = 1; i <= 100; i++) await c1.ask('/', { body: String(i) }, `X-Kind: ${i}`, 'X-Other: same')
    for (let i = 1; i <= 100; i++) await c1.ask('/', { body: String(i) }, `X-Kind: ${i}`, 'X-Other: same')
    expect(v1.counters().cache_hit).toBe(100)
  })

  vtc('a Vary that changes does not mix up variants', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('by A', 'Cache-Control: max-age=100', 'Vary: X-A')
      await s.rx()
      s.answer('by B', 'Cache-Control: max-age=100', 'Vary: X-B')
      await s.rx()
      s.answer('by B too', 'Cache-Control: max-age=100', 'Vary: X-B')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'by A' }, 'X-A: 1', 'X-B: 1')
    await c1.ask('/', { body: 'by B' }, 'X-A: 2', 'X-B: 1')
    await c1.ask('/', { body: 'by B too' }, 'X-A: 2', 'X-B: 2')
    await c1.ask('/', { body: 'by B' }, 'X-A: 2', 'X-B: 1')
  })
})

describe('a Vary that some responses forget (RFC 9111 section 4.1)', () => {
  const FRESH = 'Cache-Control: max-age=100'

  vtc('the one that says whom it is for is used while it is fresh, though another is more recent', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('for a', FRESH, 'Vary: X-Kind')
      await s.rx()
      s.answer('for whom?', 'Cache-Control: max-age=1000')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'for a' }, 'X-Kind: a')
    v1.advance(10_000)
    await c1.ask('/', { body: 'for whom?' }, 'X-Kind: b')
    await c1.ask('/', { body: 'for a' }, 'X-Kind: a')
    await c1.ask('/', { body: 'for whom?' }, 'X-Kind: c')
    v1.advance(100_000)
    await c1.ask('/', { body: 'for whom?' }, 'X-Kind: a')
  })
})

describe('bodies in the store', () => {
  vtc('three megabytes in chunks are stored, and delivered with a length', async (t) => {
    const body = '0123456789abcdef'.repeat(3 * 64 * 1024)
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=100', 'Transfer-Encoding: chunked')
      for (let at = 0; at < body.length; at += 100_000) s.txchunk(body.slice(at, at + 100_000))
      s.txlast()
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body })
    await c1.ask('/', { body, fields: { 'Content-Length': String(body.length), 'Transfer-Encoding': undefined } })
  })

  vtc('an empty body is a body', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('', 'Cache-Control: max-age=100')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    for (let i = 0; i < 2; i++) await c1.ask('/', { status: 200, fields: { 'Content-Length': '0' }, body: '' })
  })

  vtc('what is too large for the store streams through, and is not stored', async (t) => {
    const size = 3 * 1024 * 1024
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        await s.rx()
        s.answer('x'.repeat(size), 'Cache-Control: max-age=100')
      }),
    )
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, store_bytes: 1024 * 1024 })))
    await c1.ask('/', { body_bytes: size })
    await c1.ask('/', { body_bytes: size })
    expect(s1.seen.length).toBe(2)
  })

  vtc('so does what the rules wanted to have whole before it is delivered', async (t) => {
    const size = 3 * 1024 * 1024
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('x'.repeat(size), 'Cache-Control: max-age=100')
    })
    const vcl = 'sub vcl_backend_response { set beresp.do_stream = false; }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl, store_bytes: 1024 * 1024 })))
    await c1.ask('/', { status: 200, body_bytes: size })
  })

  vtc('without streaming a broken fetch is a 503, not a broken message', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 100')
      s.txbody('half')
      s.close()
    })
    const vcl = 'sub vcl_backend_response { set beresp.do_stream = false; }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/', { status: 503 })
  })

  vtc('a full store keeps what is asked for again and again, and evicts the rest', async (t) => {
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        s.answer(request.start + ' '.repeat(100_000), 'Cache-Control: max-age=100')
      }),
    )
    const v1 = t.cache(await startCache({ origin: s1, store_bytes: 8 * 1024 * 1024 }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 200; i++) {
      await c1.ask(`/${i}`, { body: /^GET / })
      await c1.ask('/0', { body: /^GET \/0 / })
    }
    expect(s1.seen.filter((start) => start.startsWith('GET /0 ')).length).toBe(1)
    expect(v1.counters().n_lru_nuked).toBeGreaterThanOrEqual(20)
  })
})
