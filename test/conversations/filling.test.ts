import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'

describe('following the fill', () => {
  vtc('waiters have their first bytes before the origin has sent the last', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Transfer-Encoding: chunked')
      s.txchunk('first')
      await t.until('all have that', () => have === 3)
      s.txchunk('last')
      s.txlast()
    })
    let have = 0
    const v1 = t.cache(await startCache(s1))
    const clients = await crowd(t, v1, 3)
    for (const client of clients) {
      await client.rxHead({ status: 200 })
      expect(await client.rxchunk()).toBe('first')
      have++
    }
    for (const client of clients) {
      expect(await client.rxchunk()).toBe('last')
      expect(await client.rxchunk()).toBe('')
    }
  })

  vtc('who comes in the middle of the fill is a hit from byte 0', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Content-Length: 9')
      s.txbody('first')
      await t.until('c2 has the beginning', () => joined)
      s.txbody('last')
    })
    let joined = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/')
    await c1.rxHead()
    expect(await c1.rxbytes(5)).toBe('first')
    const c2 = await t.connect('c2', v1)
    c2.get('/')
    await c2.rxHead({ fields: { 'Content-Length': '9' } })
    expect(await c2.rxbytes(5)).toBe('first')
    expect(v1.counters().cache_hit).toBe(1)
    joined = true
    expect([await c1.rxbytes(4), await c2.rxbytes(4)]).toEqual(['last', 'last'])
  })

  vtc('a client that does not read holds back nobody', async (t) => {
    const size = 4 * 1024 * 1024
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('the others wait', () => v1.counters().busy_sleep === 2)
      s.answer('x'.repeat(size), 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const [lazy, c2, c3] = await crowd(t, v1, 3)
    await c2.rx({ body_bytes: size })
    await c3.rx({ body_bytes: size })
    await lazy.rx({ body_bytes: size })
    expect(s1.seen.length).toBe(1)
  })

  vtc('the first client leaves: the fetch goes on for those who wait', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
      gone.reset()
      await t.until('c1 has gone', () => v1.counters().sess_closed + v1.counters().sess_closed_err > 0)
      s.answer('still here', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const [c1, c2] = await crowd(t, v1, 2)
    const gone = c1
    await c2.rx({ body: 'still here' })
    expect(s1.seen.length).toBe(1)
  })

  vtc('it leaves in the middle of the body: the object becomes whole all the same', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Content-Length: 9')
      s.txbody('first')
      await t.until('c1 has gone', () => v1.counters().sess_closed + v1.counters().sess_closed_err > 0)
      s.txbody('last')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/')
    await c1.rxHead()
    c1.reset()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { status: 200, body: 'firstlast' })
    expect(s1.seen.length).toBe(1)
  })

  vtc('a waiter that leaves is forgotten', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
      leaves.reset()
      await t.until('c2 has gone', () => v1.counters().sess_closed + v1.counters().sess_closed_err > 0)
      s.answer('for c1', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const [c1, c2] = await crowd(t, v1, 2)
    const leaves = c2
    await c1.rx({ body: 'for c1' })
    await c1.ask('/', { body: 'for c1' })
  })
})
