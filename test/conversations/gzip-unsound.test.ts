import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** What clients see of gzip that is not sound, while it comes in. */
const TEXT = 'Hello world, this is compressible. '.repeat(40)
const GZIP = 'Accept-Encoding: gzip'
const FRESH = 'Cache-Control: max-age=100'

const sound = gzipSync(TEXT)
const broken = Buffer.from(sound)
broken[broken.length - 6] ^= 1
const large = gzipSync(Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 7919) >> 8)))

const DAMAGED = { body: sound.subarray(0, -1).toString('latin1'), lines: [FRESH, 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'] }
for (const policy of ['rfc9111', 'varnish']) {
  vtc(`who follows it sees that it broke (policy=${policy})`, async (t) => {
    let headSeen = false
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', ...DAMAGED.lines)
      s.txchunk(DAMAGED.body.slice(0, 20))
      await t.until('the head is there', () => headSeen)
      s.txchunk(DAMAGED.body.slice(20))
      s.txlast()
    })
    const v1 = t.cache(await startCache({ origin: s1, params: { policy } }))
    const c1 = await t.connect('c1', v1)
    c1.get('/', GZIP)
    const broken = c1.rxBroken({ status: 200 })
    await t.until('it is on its way', () => v1.counters().fetch_chunked === 1)
    headSeen = true
    await broken
    expect([v1.counters().fetch_failed, v1.counters().n_object]).toEqual([1, 0])
  })

  for (const [what, bytes] of [
    ['large', Buffer.concat([large.subarray(0, -8), Buffer.alloc(8, 7)])],
    ['small', broken],
  ] as const) {
    vtc(`who follows one whose length is known does not get all of it (${what}, policy=${policy})`, async (t) => {
      let headSeen = false
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', FRESH, 'Content-Encoding: gzip', `Content-Length: ${bytes.length}`)
        s.raw(bytes.subarray(0, 20))
        await t.until('the head is there', () => headSeen)
        s.raw(bytes.subarray(20))
      })
      const v1 = t.cache(await startCache({ origin: s1, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      c1.get('/', GZIP)
      const seen = c1.rxBroken({ status: 200 })
      await t.until('it is on its way', () => v1.counters().fetch_length === 1)
      headSeen = true
      expect(await seen).not.toBe('')
      expect([v1.counters().fetch_failed, v1.counters().n_object]).toEqual([1, 0])
    })
  }

  vtc(`as long as nothing has come of it, it is a 503 to all who wait (policy=${policy})`, async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', ...DAMAGED.lines)
      await t.until('both wait', () => v1.counters().client_req === 2)
      s.txchunk('no gzip at all')
      s.txlast()
    })
    const vcl = 'sub vcl_backend_response { set beresp.do_gunzip = true; }'
    const v1 = t.cache(await startCache({ origin: s1, params: { policy }, vcl }))
    const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
    c1.get('/')
    await t.until('the head is there', () => v1.counters().fetch_chunked === 1)
    c2.get('/')
    await c1.rx({ status: 503 })
    await c2.rx({ status: 503 })
    expect([v1.counters().fetch_failed, v1.counters().n_object]).toEqual([1, 0])
  })
}
