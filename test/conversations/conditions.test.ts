import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

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

  for (const [policy, status, type] of [
    ['rfc9111', 304, undefined],
    ['varnish', 203, 'text/plain'],
  ] as const) {
    vtc(`another success than 200 under policy=${policy}: ${status}`, async (t) => {
      const s1 = await numbered(t, 'HTTP/1.1 203 Changed', ...STORED)
      const vcl = 'sub vcl_backend_response { set beresp.ttl = 60s; }'
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl, params: { policy } })))
      await c1.ask('/', { status: 203 })
      await c1.ask('/', { status }, 'If-None-Match: "v1"')
    })

    vtc(
      `a 304 under policy=${policy}: with what a cache may want to know${type === undefined ? ', and nothing of the body' : ''}`,
      async (t) => {
        const body = ['Content-Type: text/plain', 'Content-Encoding: x', 'Content-Language: de', 'Content-Range: odd']
        const s1 = await numbered(t, ...STORED, ...body, 'Vary: A', `Expires: ${httpDate(100)}`, 'Content-Location: /b', 'X-Odd: 1')
        const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: { policy } })))
        await c1.ask('/', { status: 200, fields: { 'Content-Type': 'text/plain', 'Content-Language': 'de' } })
        const kept = {
          ETag: '"v1"',
          Vary: 'A',
          'Cache-Control': 'max-age=100',
          Expires: /./,
          Date: /./,
          'Content-Location': '/b',
          'X-Odd': '1',
        }
        await c1.ask('/', { status: 304, fields: { ...kept, 'Content-Type': type, 'Content-Length': undefined } }, 'If-None-Match: "v1"')
      },
    )
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

  for (const line of ['If-Match: "v1"', `If-Unmodified-Since: ${httpDate(-2000)}`]) {
    const [name, value] = line.split(/: (.*)/)
    vtc(`${name} is the origin's to judge: a miss takes it there, around the store`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ fields: { [name]: value, Range: 'bytes=0-1' } })
        s.answer('no', 'HTTP/1.1 412 Precondition Failed')
        await s.rx({ fields: { [name]: undefined } })
        s.answer('whole', ...STORED)
      })
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      await c1.ask('/', { status: 412, body: 'no' }, line, 'Range: bytes=0-1')
      await c1.ask('/', { body: 'whole' })
      // A cache must not judge it either (RFC 9111 section 4.3.2).
      await c1.ask('/', { status: 200, body: 'whole' }, line)
    })
  }

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
