import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'
import { FORWARDED, part, ranged, TEN } from './ranged.ts'

/** Ranges of what others are fetching at the time. */

const HEAD = ['Cache-Control: max-age=100', 'ETag: "v1"']

describe('a range of what is being fetched', () => {
  vtc('clients with different ranges of one cold URL: the whole is fetched once, and all are answered out of it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: undefined } })
      await t.until('the others wait', () => v1.counters().busy_sleep === 3)
      s.answer(TEN, ...HEAD)
    })
    const v1 = t.cache(await startCache(s1))
    const clients = await crowd(t, v1, 4, (i) => (i === 3 ? [] : [`Range: bytes=${i}-${i + 2}`]))
    for (const [i, client] of clients.entries()) {
      const message = await client.rx({ status: i === 3 ? 200 : 206, body: i === 3 ? TEN : TEN.slice(i, i + 3) })
      expect(message.field('content-range')).toBe(i === 3 ? undefined : `bytes ${i}-${i + 2}/10`)
    }
  })

  vtc(
    'where parts are fetched: who wants what a part has gets it, the others fetch what is missing, and no byte is fetched twice',
    async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ fields: { Range: 'bytes=5-' } })
        await t.until('the others wait', () => v1.counters().busy_sleep === 3)
        s.answer('56789', 'HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 5-9/10')
        await s.rx({ fields: { Range: 'bytes=2-4', 'If-Range': '"v1"' } })
        s.answer('234', 'HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 2-4/10')
        await s.rx({ fields: { Range: 'bytes=0-1', 'If-Range': '"v1"' } })
        s.answer('01', 'HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 0-1/10')
      })
      const v1 = t.cache(await startCache({ origin: s1, params: FORWARDED }))
      const ranges = ['Range: bytes=5-', 'Range: bytes=7-8', 'Range: bytes=2-6']
      const clients = await crowd(t, v1, 4, (i) => (i === 3 ? [] : [ranges[i]]))
      const bodies = ['56789', '78', '23456', TEN]
      for (const [i, client] of clients.entries()) await client.rx({ status: i === 3 ? 200 : 206, body: bodies[i] })
    },
  )

  vtc('its bytes are sent when they are there, not when all are', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', ...HEAD, 'Content-Length: 10')
      s.txbody('0123')
      await t.until('both ranges are being served', () => have === 1 && v1.counters().cache_hit === 2)
      s.txbody('456')
      await t.until('the second is served', () => have === 2)
      s.txbody('789')
    })
    let have = 0
    const v1 = t.cache(await startCache(s1))
    const [c1] = await crowd(t, v1, 1)
    await c1.rxHead({ status: 200 })
    await part(await t.connect('c2', v1), 'bytes=1-2', 1, 2)
    have++
    const c3 = await t.connect('c3', v1)
    c3.get('/', 'Range: bytes=3-5')
    await c3.rx({ status: 206, body: '345' })
    have++
    expect(await c1.rxbytes(10)).toBe(TEN)
  })

  vtc('one that is far from what has come is asked for around the fill', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx({ fields: { Range: undefined } })
      first.tx('HTTP/1.1 200 OK', ...HEAD, 'Content-Length: 10')
      first.txbody('01')
      const second = await s.rx({ fields: { Range: 'bytes=8-9' } })
      second.answer('89', 'HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 8-9/10')
      await t.until('the second has its answer', () => served)
      first.txbody('23456789')
    })
    let served = false
    const v1 = t.cache(await startCache({ origin: s1, params: { range_offset_limit: '4b' } }))
    const [c1] = await crowd(t, v1, 1)
    await c1.rxHead({ status: 200 })
    await part(await t.connect('c2', v1), 'bytes=8-9', 8, 9)
    expect(v1.counters().s_pass).toBe(1)
    served = true
    expect(await c1.rxbytes(10)).toBe(TEN)
    await part(c1, 'bytes=8-9', 8, 9)
    expect(v1.counters().s_pass).toBe(1)
  })

  vtc('the rest is sent behind what is stored while it comes', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('0123', 'HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 0-3/10')
      await s.rx({ fields: { Range: 'bytes=4-' } })
      s.tx('HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 4-9/10', 'Transfer-Encoding: chunked')
      s.txchunk('45')
      await t.until('the client has that', () => begun)
      s.txchunk('6789')
      s.txlast()
    })
    let begun = false
    const v1 = t.cache(await startCache({ origin: s1, params: FORWARDED }))
    const c1 = await t.connect('c1', v1)
    await part(c1, 'bytes=0-3', 0, 3)
    c1.get('/')
    await c1.rxHead({ status: 200, fields: { 'Content-Length': '10' } })
    expect(await c1.rxbytes(6)).toBe('012345')
    // Another follows the part that is still coming.
    const c2 = await t.connect('c2', v1)
    c2.get('/', 'Range: bytes=2-8')
    await c2.rxHead({ status: 206 })
    expect(await c2.rxbytes(4)).toBe('2345')
    begun = true
    expect([await c1.rxbytes(4), await c2.rxbytes(3)]).toEqual(['6789', '678'])
  })

  vtc('a client that leaves does not end the part that others will want', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=5-' } })
      s.tx('HTTP/1.1 206 Partial Content', ...HEAD, 'Content-Range: bytes 5-9/10', 'Content-Length: 5')
      s.txbody('56')
      await t.until('the client has left', () => v1.counters().sess_closed + v1.counters().sess_closed_err > 0)
      s.txbody('789')
    })
    const v1 = t.cache(await startCache({ origin: s1, params: FORWARDED }))
    const c1 = await t.connect('c1', v1)
    c1.get('/', 'Range: bytes=5-')
    await c1.rxHead({ status: 206 })
    c1.reset()
    await part(await t.connect('c2', v1), 'bytes=7-8', 7, 8)
  })
})

describe('ranges of what is not shared', () => {
  vtc('a URL whose answers are private: each range is its own request, and none is stored', async (t) => {
    const { origin, c1 } = await ranged(t, { params: {}, lines: ['Cache-Control: private'] })
    await c1.ask('/', { status: 200, body: TEN })
    // It is known now that the whole would be fetched for one client only.
    await part(c1, 'bytes=0-1', 0, 1)
    await part(c1, 'bytes=0-1', 0, 1)
    expect(origin.asked).toEqual(['whole', 'bytes=0-1', 'bytes=0-1'])
  })
})

describe('room', () => {
  vtc('a part for which the store has none is sent as it comes, joined to what is stored', async (t) => {
    const size = 3_000_000
    const body = Array.from({ length: size / 10 }, (_, i) => String(i).padStart(10)).join('')
    const { origin, c1 } = await ranged(t, { body, store_bytes: 2 ** 20 })
    await part(c1, 'bytes=0-99999', 0, 99_999, body)
    await c1.ask('/', { status: 200, body })
    await c1.ask('/', { status: 206, body: body.slice(10, 20) }, 'Range: bytes=10-19')
    expect(origin.asked).toEqual(['bytes=0-99999', 'bytes=100000- if "v1"'])
  })
})
