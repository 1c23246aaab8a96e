import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** Bodies that are compressed and decompressed while they come, and what breaks meanwhile. */

const GZIP = 'Accept-Encoding: gzip'
const NO_GZIP = 'Accept-Encoding: identity'
const FRESH = 'Cache-Control: max-age=100'
const DO_GZIP = 'sub vcl_backend_response { set beresp.do_gzip = true; }'
/** Hard to compress: what zlib has taken in comes out again. */
const NOISE = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255))
const HALF = NOISE.toString('latin1', 0, 200_000)
const REST = NOISE.toString('latin1', 200_000)
const POLICIES = ['rfc9111', 'varnish'] as const

for (const policy of POLICIES) {
  describe(`policy=${policy}`, () => {
    vtc('who takes gzip and who does not wait for one fetch, and follow it', async (t) => {
      let joined = false
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', FRESH, 'Transfer-Encoding: chunked')
        s.txchunk(HALF)
        await t.until('both follow it', () => joined)
        s.txchunk(REST)
        s.txlast()
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      const c2 = await t.connect('c2', v1)
      c1.get('/', GZIP)
      await t.until('it is on its way', () => v1.counters().fetch_chunked === 1)
      c2.get('/', NO_GZIP)
      await t.until('it has been found', () => v1.counters().cache_hit === 1)
      joined = true
      const packed = await c1.rx({ fields: { 'Content-Encoding': 'gzip', 'Transfer-Encoding': 'chunked' } })
      expect(gunzipSync(Buffer.from(packed.body, 'latin1')).equals(NOISE)).toBe(true)
      await c2.rx({ body: HALF + REST, fields: { 'Content-Encoding': undefined, 'Transfer-Encoding': 'chunked' } })
      expect([v1.counters().n_gzip, v1.counters().n_gunzip]).toEqual([1, 1])
    })

    vtc('an origin that breaks off breaks it off for all', async (t) => {
      let begun = false
      const s1 = await t.origin('s1', async (s) => {
        const exchange = await s.rx()
        s.tx('HTTP/1.1 200 OK', FRESH, 'Transfer-Encoding: chunked')
        s.txchunk(HALF)
        await t.until('it is on its way', () => begun)
        exchange.reset()
        await s.rx()
        s.answer('again', FRESH)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      c1.get('/', NO_GZIP)
      await t.until('it is on its way', () => v1.counters().fetch_chunked === 1)
      begun = true
      await c1.rxBroken({ status: 200 })
      const c2 = await t.connect('c2', v1)
      await c2.ask('/', { body: 'again' }, NO_GZIP)
      expect(v1.counters().fetch_failed).toBe(1)
    })

    vtc('a client that leaves leaves the fetch for others', async (t) => {
      let left = false
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', FRESH, 'Transfer-Encoding: chunked')
        s.txchunk(HALF)
        await t.until('the client has left', () => left)
        s.txchunk(REST)
        s.txlast()
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      c1.get('/', NO_GZIP)
      await t.until('it is on its way', () => v1.counters().fetch_chunked === 1)
      c1.reset()
      await t.until('it has left', () => v1.counters().sess_closed + v1.counters().sess_closed_err + v1.counters().sc_rem_close > 0)
      left = true
      const c2 = await t.connect('c2', v1)
      await c2.ask('/', { body: HALF + REST }, NO_GZIP)
      await c2.ask('/', { body: HALF + REST }, NO_GZIP)
      expect(v1.counters().fetch_failed).toBe(0)
    })

    vtc('what goes around the store is compressed, and unpacked, too', async (t) => {
      const s1 = await t.origin('s1', (s) =>
        s.forever(async () => {
          await s.rx()
          s.answer(HALF, FRESH)
        }),
      )
      const vcl = `${DO_GZIP} sub vcl_recv { return (pass); }`
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      const packed = await c1.ask('/', { fields: { 'Content-Encoding': 'gzip' } }, GZIP)
      expect(gunzipSync(Buffer.from(packed.body, 'latin1')).toString('latin1')).toBe(HALF)
      await c1.ask('/', { body: HALF, fields: { 'Content-Encoding': undefined } }, NO_GZIP)
    })

    vtc('what is stale is unpacked like any other', async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer(HALF, 'Cache-Control: max-age=10, stale-while-revalidate=100')
        await s.rx()
        s.answer('new', FRESH)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { fields: { 'Content-Encoding': 'gzip' } }, GZIP)
      v1.advance(20_000)
      await c1.ask('/', { body: HALF }, NO_GZIP)
      await t.until('the new one is there', () => v1.counters().n_gzip === 2)
      await c1.ask('/', { body: 'new' }, NO_GZIP)
    })

    vtc('with two filters and no room in the store it streams, and nothing is lost', async (t) => {
      const vcl = 'sub vcl_backend_response { set beresp.filters = "gzip testgunzip"; }'
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer((HALF + REST).repeat(8), FRESH)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { policy, transit_buffer: '64k' }, store_bytes: 1024 * 1024 }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: (HALF + REST).repeat(8) }, NO_GZIP)
    })
  })
}

describe('a bomb', () => {
  const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024))

  vtc('what ten thousand times as much comes of is checked, kept as it is, and unpacked as fast as it is read', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer(BOMB.toString('latin1'), FRESH, 'Content-Encoding: gzip')
    })
    const v1 = t.cache(await startCache({ origin: s1, store_bytes: 4 * 1024 * 1024 }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body_bytes: BOMB.length }, GZIP)
    await t.until('it has been checked', () => v1.log().some(({ tag, text }) => tag === 'Gzip' && text.startsWith('u F -')))
    c1.get('/', NO_GZIP)
    await c1.rxHead({ status: 200, fields: { 'Content-Length': String(64 * 1024 * 1024) } })
    expect(await c1.rxbytes(1000)).toBe('\0'.repeat(1000))
    c1.reset()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { status: 206, body: '\0'.repeat(10) }, NO_GZIP, 'Range: bytes=30000000-30000009')
  })
})

describe('the log', () => {
  vtc('says what was done, and how many bytes that were and came to', async (t) => {
    const text = 'hello '.repeat(100)
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer(text, FRESH, 'ETag: "v1"')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP }))
    const c1 = await t.connect('c1', v1)
    const { body } = await c1.ask('/', {}, GZIP)
    await c1.ask('/', { body: text }, NO_GZIP)
    await c1.ask('/', { status: 304 }, NO_GZIP, 'If-None-Match: "v1"')
    const of = (tag: string): string[] =>
      v1
        .log()
        .filter((record) => record.tag === tag)
        .map((record) => record.text)
    await t.until('all of it is there', () => of('Gzip').length === 3)
    const [packed, nothing, plain] = of('Gzip').toSorted()
    // One block: its end is in the byte before the trailer.
    const stop_bit = Number(packed.split(' ').at(-1))
    expect(Math.ceil(stop_bit / 8)).toBe(body.length - 8)
    expect(packed).toBe(`G F - ${text.length} ${body.length} 80 80 ${stop_bit}`)
    expect(nothing).toBe('U D - 0 0 0 0 0')
    expect(plain).toBe(`U D - ${body.length} ${text.length} 80 80 ${stop_bit}`)
    expect(of('Filters').toSorted()).toEqual(['', ' gunzip', ' gunzip', ' gzip'].toSorted())
    expect(of('BerespHeader')).toEqual(expect.arrayContaining(['ETag: W/"v1"', 'Content-Encoding: gzip', 'Vary: Accept-Encoding']))
    expect(of('BerespUnset')).toEqual([`Content-Length: ${text.length}`, 'ETag: "v1"'])
    expect(of('RespUnset')).toContain('Content-Encoding: gzip')
  })
})
