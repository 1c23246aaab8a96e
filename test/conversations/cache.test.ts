import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('freshness', () => {
  vtc('max-age: a hit until then, with its Age, and not after', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=10')
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(9000)
    await c1.ask('/', { status: 200, fields: { Age: '9' }, body: '1' })
    v1.advance(1000)
    await c1.ask('/', { body: '2' })
    expect(s1.seen.length).toBe(2)
  })

  vtc('s-maxage counts before max-age', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=1, s-maxage=10')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(9000)
    await c1.ask('/', { body: '1' })
  })

  vtc('Expires counts from Date', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Expires: ${httpDate(20)}`)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(19_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('max-age counts before Expires', async (t) => {
    const v1 = t.cache(
      await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Expires: ${httpDate(-10)}`, 'Cache-Control: max-age=10')),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' })
  })

  vtc('an Expires that is no date has passed', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Expires: 0'))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
  })

  vtc('the Age it comes with is taken off its life and added to its Age', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100', 'Age: 90')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(5000)
    await c1.ask('/', { fields: { Age: '95' }, body: '1' })
    v1.advance(5000)
    await c1.ask('/', { body: '2' })
  })

  vtc('without a stated life, a tenth of the time since Last-Modified', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Last-Modified: ${httpDate(-1000)}`)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(90_000)
    await c1.ask('/', { body: '1' })
    v1.advance(20_000)
    await c1.ask('/', { body: '2' })
  })

  vtc('with neither a life nor a validator nothing is reused', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
  })

  vtc('under policy=varnish it is: default_ttl', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), params: { policy: 'varnish', default_grace: '0' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(119_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('a 404 is kept as its max-age says', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('not here', 'HTTP/1.1 404 Not Found', 'Cache-Control: max-age=5')
      await s.rx()
      s.answer('here now')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 404, body: 'not here' })
    await c1.ask('/', { status: 404, body: 'not here' })
    v1.advance(5000)
    await c1.ask('/', { status: 200, body: 'here now' })
  })

  vtc('a redirect is kept only when it says so', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'HTTP/1.1 302 Found', 'Location: /b')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 302, body: '1' })
    await c1.ask('/', { status: 302, body: '2' })
  })
})

describe('what is not stored', () => {
  const refused: [what: string, lines: string[]][] = [
    ['no-store', ['Cache-Control: no-store, max-age=100']],
    ['private', ['Cache-Control: private, max-age=100']],
    ['Set-Cookie when only Expires permits storing', ['Set-Cookie: session=1', `Expires: ${httpDate(100)}`]],
    ['Vary: *', ['Vary: *', 'Cache-Control: max-age=100']],
    ['max-age=0 without a validator', ['Cache-Control: max-age=0']],
    ['206 Partial Content', ['HTTP/1.1 206 Partial Content', 'Content-Range: bytes 0-0/10', 'Cache-Control: max-age=100']],
    ['500', ['HTTP/1.1 500 Oops']],
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

describe('conditions of the client', () => {
  const STORED = ['Cache-Control: max-age=100', 'ETag: "v1"', `Last-Modified: ${httpDate(-1000)}`]
  const rows: [what: string, line: string, status: number][] = [
    ['the same ETag', 'If-None-Match: "v1"', 304],
    ['the same ETag, weak', 'If-None-Match: W/"v1"', 304],
    ['one of several', 'If-None-Match: "v0", "v1"', 304],
    ['any', 'If-None-Match: *', 304],
    ['another ETag', 'If-None-Match: "v2"', 200],
    ['not modified since', `If-Modified-Since: ${httpDate(-1000)}`, 304],
    ['modified since', `If-Modified-Since: ${httpDate(-1001)}`, 200],
  ]
  for (const [what, line, status] of rows) {
    vtc(`${what}: ${status} from the store`, async (t) => {
      const s1 = await numbered(t, ...STORED)
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      await c1.ask('/', { status: 200, body: '1' })
      await c1.ask('/', { status, body: status === 200 ? '1' : '', fields: { ETag: '"v1"' } }, line)
      expect(s1.seen.length).toBe(1)
    })
  }

  vtc('they are not passed on by a miss, whose answer is stored whole', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { 'If-None-Match': undefined, 'If-Modified-Since': undefined, Range: undefined } })
      s.answer('whole', ...STORED)
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 304 }, 'If-None-Match: "v1"')
    await c1.ask('/', { status: 200, body: 'whole' })
  })

  vtc('a range of a stored object', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('0123456789', ...STORED)
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: '0123456789' })
    await c1.ask('/', { status: 206, body: '234', fields: { 'Content-Range': 'bytes 2-4/10' } }, 'Range: bytes=2-4')
    await c1.ask('/', { status: 206, body: '89' }, 'Range: bytes=-2')
    await c1.ask('/', { status: 416, fields: { 'Content-Range': 'bytes */10' } }, 'Range: bytes=10-')
    await c1.ask('/', { status: 200, body: '0123456789' }, 'Range: bytes=2-4', 'If-Range: "v0"')
  })

  vtc('no-cache and max-age=0 of the request ask the origin', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100'))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'Cache-Control: no-cache')
    await c1.ask('/', { body: '3' }, 'Cache-Control: max-age=0')
    await c1.ask('/', { body: '3' })
  })

  vtc('under policy=varnish they do not', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' }, 'Cache-Control: no-cache')
  })

  vtc('only-if-cached: 504 when nothing is stored', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=100')
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 504 }, 'Cache-Control: only-if-cached')
    expect(s1.seen).toEqual([])
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' }, 'Cache-Control: only-if-cached')
  })
})

describe('revalidation', () => {
  vtc('a stale object with a validator is asked about; 304 keeps the body and updates the head', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('body', 'Cache-Control: max-age=10', 'ETag: "v1"', 'X-Version: old', 'X-Kept: yes')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=20', 'ETag: "v1"', 'X-Version: new')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body', fields: { 'X-Version': 'old' } })
    v1.advance(11_000)
    await c1.ask('/', { status: 200, body: 'body', fields: { 'X-Version': 'new', 'X-Kept': 'yes', 'Content-Length': '4' } })
    v1.advance(19_000)
    await c1.ask('/', { status: 200, body: 'body', fields: { 'X-Version': 'new', Age: '19' } })
  })

  vtc('200 replaces it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: max-age=10', `Last-Modified: ${httpDate(-1000)}`)
      await s.rx({ fields: { 'If-Modified-Since': httpDate(-1000) } })
      s.answer('new', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(11_000)
    await c1.ask('/', { body: 'new' })
    await c1.ask('/', { body: 'new' })
  })

  vtc('no-cache is stored, and validated on each use', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', 'Cache-Control: no-cache', 'ETag: "v1"')
      for (let i = 0; i < 2; i++) {
        await s.rx({ fields: { 'If-None-Match': '"v1"' } })
        s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: no-cache', 'ETag: "v1"')
      }
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    for (let i = 0; i < 3; i++) await c1.ask('/', { status: 200, body: 'body' })
  })

  vtc('the client whose copy is still good gets 304 after a revalidation', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', 'Cache-Control: max-age=1', 'ETag: "v1"')
      await s.rx({ fields: { 'If-None-Match': '"v1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=1', 'ETag: "v1"')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body' })
    v1.advance(2000)
    await c1.ask('/', { status: 304 }, 'If-None-Match: "v1"')
  })
})

describe('invalidation', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'FROB']) {
    vtc(`a ${method} that succeeds takes the stored answer out`, async (t) => {
      const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100'))))
      await c1.ask('/', { body: '1' })
      c1.request(method, '/', 'Content-Length: 0')
      await c1.rx({ status: 200, body: '2' })
      await c1.ask('/', { body: '3' })
    })
  }

  vtc('one that fails does not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=100')
      await s.rx({ start: /^POST/ })
      s.answer('no', 'HTTP/1.1 500 No')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'page' })
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ status: 500 })
    await c1.ask('/', { body: 'page' })
  })

  vtc('return (purge) takes out all variants of a URL', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=100', 'Vary: X-Kind')
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' }, 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    c1.request('PURGE', '/')
    await c1.rx({ start: 'HTTP/1.1 200 Purged' })
    await c1.ask('/', { body: '4' }, 'X-Kind: a')
    await c1.ask('/', { body: '5' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    expect(v1.counters().n_obj_purged).toBe(2)
  })

  vtc('a purge of what is not there is no error', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl: 'sub vcl_recv { return (purge); }' }))
    const c1 = await t.connect('c1', v1)
    c1.request('PURGE', '/')
    await c1.rx({ status: 200 })
    expect(v1.counters().n_purges).toBe(1)
  })
})

describe('rules', () => {
  vtc('beresp.ttl stores what the policy would not', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.ttl = 60s; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(59_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('beresp.uncacheable passes what the policy would store', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.uncacheable = true; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
    expect(v1.counters().cache_hitmiss).toBe(1)
  })

  vtc('return (pass(10s)) leaves a hit-for-pass: no lookup for ten seconds', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=100', 'X-Pass: 1')
      await s.rx({ fields: { 'If-None-Match': '"mine"' } })
      s.answer('2', 'Cache-Control: max-age=100')
      await s.rx()
      s.answer('3', 'Cache-Control: max-age=100')
    })
    const v1 = t.cache(
      await startCache({ origin: s1, vcl: 'sub vcl_backend_response { if (beresp.http.X-Pass) { return (pass(10s)); } }' }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'If-None-Match: "mine"')
    expect(v1.counters().cache_hitpass).toBe(1)
    v1.advance(11_000)
    await c1.ask('/', { body: '3' })
    await c1.ask('/', { body: '3' })
  })

  vtc('resp.* may be changed on each delivery without changing what is stored', async (t) => {
    const vcl = 'sub vcl_deliver { set resp.http.X-Hits = obj.hits; set resp.http.X-For = req.http.X-Me; unset resp.http.X-Secret; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100', 'X-Secret: 1'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { fields: { 'X-Hits': '0', 'X-For': 'a', 'X-Secret': undefined } }, 'X-Me: a')
    await c1.ask('/', { fields: { 'X-Hits': '1', 'X-For': 'b', 'X-Secret': undefined } }, 'X-Me: b')
    await c1.ask('/', { fields: { 'X-Hits': '2', 'X-For': 'c' } }, 'X-Me: c')
  })

  vtc('return (restart) goes through the rules again, with what they changed', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /new HTTP/1.1' })
      s.answer('found')
    })
    const vcl = `
      sub vcl_recv { if (req.restarts == 1) { set req.url = "/new"; } else { return (synth(700)); } }
      sub vcl_synth { if (resp.status == 700) { return (restart); } }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/old', { status: 200, body: 'found' })
  })

  vtc('restarts are bounded by max_restarts', async (t) => {
    const vcl = 'sub vcl_recv { return (restart); }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl, params: { max_restarts: '2' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
  })

  vtc('return (synth) answers by itself', async (t) => {
    const s1 = await numbered(t)
    const vcl = `
      sub vcl_recv { return (synth(302, "Over There")); }
      sub vcl_synth { set resp.http.Location = "https://" + req.http.host + req.url; set resp.body = "moved"; return (deliver); }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    const moved = { start: 'HTTP/1.1 302 Over There', fields: { Location: 'https://example.com/a?b' }, body: 'moved' }
    await c1.ask('/a?b', moved)
    expect([s1.connections, v1.counters().s_synth]).toEqual([0, 1])
  })

  vtc('req.backend_hint chooses the origin', async (t) => {
    const s1 = await numbered(t)
    const s2 = await t.origin('s2', async (s) => {
      await s.rx({ start: 'GET /api/x HTTP/1.1' })
      s.answer('from s2')
    })
    const vcl = 'sub vcl_recv { if (req.url ~ "^/api/") { set req.backend_hint = api; } }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, origins: { api: s2 }, vcl })))
    await c1.ask('/api/x', { body: 'from s2' })
    await c1.ask('/x', { body: '1' })
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

  vtc('a full store evicts what was not used for longest', async (t) => {
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        s.answer(request.start + ' '.repeat(100_000), 'Cache-Control: max-age=100')
      }),
    )
    const v1 = t.cache(await startCache({ origin: s1, store_bytes: 1024 * 1024 }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 30; i++) {
      await c1.ask(`/${i}`, { body: /^GET / })
      await c1.ask('/0', { body: /^GET \/0 / })
    }
    expect(s1.seen.filter((start) => start.startsWith('GET /0 ')).length).toBe(1)
    expect(v1.counters().n_lru_nuked).toBeGreaterThanOrEqual(20)
  })
})
