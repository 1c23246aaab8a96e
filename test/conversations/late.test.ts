import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

const PURGE = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'

describe('fetches side by side, after a marker', () => {
  vtc('the response to an earlier request does not replace the response to a later one', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('private', 'Cache-Control: private')
      const earlier = await s.rx()
      const later = await s.rx()
      later.answer('newer', 'Cache-Control: max-age=100')
      await t.until('the newer one is stored', () => stored)
      earlier.answer('older', 'Cache-Control: max-age=100')
    })
    let stored = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: 'private' })
    c1.get('/')
    await t.until('the earlier one is under way', () => s1.seen.length === 2)
    v1.advance(1000)
    await c2.ask('/', { body: 'newer' })
    stored = true
    await c1.rx({ body: 'older' })
    await c2.ask('/', { body: 'newer' })
    expect(s1.seen.length).toBe(3)
  })

  vtc('a purge while one is under way: its response is for who asked, and not stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('private', 'Cache-Control: private')
      const before = await s.rx()
      await t.until('it is purged', () => v1.counters().n_purges === 1)
      before.answer('before the purge', 'Cache-Control: max-age=100')
      await s.rx()
      s.answer('after the purge', 'Cache-Control: max-age=100')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: PURGE }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'private' })
    c1.get('/')
    await t.until('the fetch is under way', () => s1.seen.length === 2 && v1.counters().cache_hitmiss === 1)
    const c2 = await t.connect('c2', v1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    await c1.rx({ body: 'before the purge' })
    await c2.ask('/', { body: 'after the purge' })
  })
})

describe('a fetch that rules abandon', () => {
  vtc('those who waited try side by side, not one after the other', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await t.until('three wait', () => v1.counters().busy_sleep === 3)
      first.answer('no', 'HTTP/1.1 500 No')
      const others = [await s.rx(), await s.rx(), await s.rx()]
      for (const other of others) other.answer('no', 'HTTP/1.1 500 No')
    })
    const v1 = t.cache(
      await startCache({ origin: s1, vcl: 'sub vcl_backend_response { if (beresp.status == 500) { return (abandon); } }' }),
    )
    const clients = []
    for (let i = 0; i < 4; i++) {
      const client = await t.connect(`c${i}`, v1)
      client.get('/')
      await t.until(`c${i} is in`, () => v1.counters().client_req === i + 1)
      clients.push(client)
    }
    for (const client of clients) await client.rx({ status: 503 })
  })
})
