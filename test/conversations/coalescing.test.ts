import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'

describe('waiting for one fetch', () => {
  vtc('a second request waits on the busy object and shares its one fetch', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /foo HTTP/1.1' })
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Content-Length: 12')
      await t.until('c2 has joined', () => v1.counters().busy_sleep === 1 || v1.counters().cache_hit === 1)
      s.txbody('line1\nline2\n')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = t.client('c1', v1, async (c) => {
      c.tx('GET /foo HTTP/1.1', 'Host: a')
      await c.rx({ start: 'HTTP/1.1 200 OK', body: 'line1\nline2\n' })
    })
    await t.until('c1 is fetching', () => v1.counters().s_fetch === 1)
    const c2 = t.client('c2', v1, async (c) => {
      c.tx('GET /foo HTTP/1.1', 'Host: a')
      await c.rx({ start: 'HTTP/1.1 200 OK', body: 'line1\nline2\n' })
    })
    await c1.end()
    await c2.end()
    expect(v1.counters().s_fetch).toBe(1)
  })

  vtc('fifty clients, one fetch', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('all others wait', () => v1.counters().busy_sleep === 49)
      s.answer('for all', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    for (const client of await crowd(t, v1, 50)) await client.rx({ status: 200, body: 'for all' })
    expect(s1.seen.length).toBe(1)
    expect(v1.counters()).toMatchObject({ s_fetch: 1, cache_miss: 1, busy_wakeup: 49 })
  })

  vtc('a thousand clients on one cold URL: one fetch, and all have a first byte before the last one leaves the origin', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('all others wait', () => v1.counters().busy_sleep === 999)
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Content-Length: 6')
      s.txbody('one')
      await t.until('all have the first half', () => halves === 1000)
      s.txbody('two')
    })
    let halves = 0
    const v1 = t.cache(await startCache(s1))
    const scripts = Array.from({ length: 1000 }, (_, i) =>
      t.client(`c${i}`, v1, async (c) => {
        c.get('/')
        await c.rxHead({ status: 200 })
        expect(await c.rxbytes(3)).toBe('one')
        halves++
        expect(await c.rxbytes(3)).toBe('two')
      }),
    )
    for (const script of scripts) await script.end()
    expect(s1.seen.length).toBe(1)
  })

  vtc('those who wait for a HEAD or a GET wait together', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET / HTTP/1.1' })
      await t.until('the HEAD waits', () => v1.counters().busy_sleep === 1)
      s.answer('body', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const [c1] = await crowd(t, v1, 1)
    const c2 = await t.connect('c2', v1)
    c2.request('HEAD', '/')
    await c1.rx({ body: 'body' })
    await c2.rxForHead({ status: 200, fields: { 'Content-Length': '4' } })
  })

  vtc('different URLs do not wait for one another', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const slow = await s.rx({ start: /slow/ })
      const quick = await s.rx({ start: /quick/ })
      quick.answer('quick')
      await t.until('the quick one is served', () => served)
      slow.answer('slow')
    })
    let served = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    c1.get('/slow')
    await t.until('the slow one is asked', () => s1.seen.length === 1)
    await c2.ask('/quick', { body: 'quick' })
    served = true
    await c1.rx({ body: 'slow' })
  })

  vtc('req.hash_ignore_busy fetches for itself', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      const second = await s.rx()
      second.answer('second', 'Cache-Control: max-age=10')
      first.answer('first', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { set req.hash_ignore_busy = true; }' }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    c1.get('/')
    await t.until('the first is asked', () => s1.seen.length === 1)
    await c2.ask('/', { body: 'second' })
    await c1.rx({ body: 'first' })
    expect(v1.counters().busy_sleep).toBe(0)
  })
})

describe('limits of waiting', () => {
  vtc('more than busy_waiters_max are refused with 503', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('the third was refused', () => refused)
      s.answer('late', 'Cache-Control: max-age=10')
    })
    let refused = false
    const v1 = t.cache(await startCache({ origin: s1, params: { busy_waiters_max: '1' } }))
    const [c1, c2] = await crowd(t, v1, 2)
    const c3 = await t.connect('c3', v1)
    await c3.ask('/', { status: 503 })
    refused = true
    await c1.rx({ body: 'late' })
    await c2.rx({ body: 'late' })
  })

  vtc('who waited for busy_wait_timeout fetches for himself', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await s.rx()
      s.answer('second', 'Cache-Control: max-age=10')
      await t.until('c2 has it', () => served)
      first.answer('first', 'Cache-Control: max-age=10')
    })
    let served = false
    const v1 = t.cache(await startCache({ origin: s1, params: { busy_wait_timeout: '5' } }))
    const [c1, c2] = await crowd(t, v1, 2)
    v1.advance(6000)
    await c2.rx({ body: 'second' })
    served = true
    await c1.rx({ body: 'first' })
  })

  vtc('a purge in the middle of a fetch: who asks later does not get that answer', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const old = await s.rx()
      await t.until('it is purged', () => v1.counters().n_purges === 1)
      await s.rx()
      s.answer('new', 'Cache-Control: max-age=10')
      await t.until('c2 has the new one', () => served)
      old.answer('old', 'Cache-Control: max-age=10')
    })
    let served = false
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const [c1] = await crowd(t, v1, 1)
    const c2 = await t.connect('c2', v1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    await c2.ask('/', { body: 'new' })
    served = true
    await c1.rx({ body: 'old' })
    await c2.ask('/', { body: 'new' })
  })
})
