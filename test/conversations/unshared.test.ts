import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'

describe('answers that cannot be shared', () => {
  const unshared: [what: string, lines: string[]][] = [
    ['private', ['Cache-Control: private']],
    ['no-store', ['Cache-Control: no-store']],
    ['Set-Cookie', ['Set-Cookie: session=1']],
    ['neither life nor validator', []],
  ]
  for (const [what, lines] of unshared) {
    vtc(`${what}: all who waited are released at once, and fetch for themselves side by side`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        const first = await s.rx()
        await t.until('nine wait', () => v1.counters().busy_sleep === 9)
        first.answer('0', ...lines)
        const others = []
        for (let i = 1; i < 10; i++) others.push(await s.rx())
        for (const [i, other] of others.entries()) other.answer(String(i + 1), ...lines)
      })
      const v1 = t.cache(await startCache(s1))
      const clients = await crowd(t, v1, 10)
      const bodies = []
      for (const client of clients) bodies.push((await client.rx({ status: 200 })).body)
      expect(bodies[0]).toBe('0')
      expect(new Set(bodies).size).toBe(10)
      expect(v1.counters().cache_hit).toBe(0)
    })
  }

  vtc('Set-Cookie with a lifetime: who waited fetches for himself, and is handed no cookie of another', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await t.until('nine wait', () => v1.counters().busy_sleep === 9)
      first.answer('0', 'Cache-Control: max-age=60', 'Set-Cookie: session=0')
      const others = []
      for (let i = 1; i < 10; i++) others.push(await s.rx())
      for (const [i, other] of others.entries()) other.answer(String(i + 1), 'Cache-Control: max-age=60', `Set-Cookie: session=${i + 1}`)
    })
    const v1 = t.cache(await startCache(s1))
    const cookies = new Set<string | undefined>()
    for (const client of await crowd(t, v1, 10)) {
      const answer = await client.rx({ status: 200 })
      expect(answer.field('Set-Cookie')).toBe(`session=${answer.body}`)
      cookies.add(answer.field('Set-Cookie'))
    }
    expect(cookies.size).toBe(10)
  })

  vtc('a marker lets the next ones fetch side by side without waiting', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('0', 'Cache-Control: private')
      const a = await s.rx()
      const b = await s.rx()
      b.answer('b', 'Cache-Control: private')
      a.answer('a', 'Cache-Control: private')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: '0' })
    c1.get('/')
    await t.until('the first of two is asked', () => s1.seen.length === 2)
    await c2.ask('/', { body: 'b' })
    await c1.rx({ body: 'a' })
    expect(v1.counters()).toMatchObject({ cache_hitmiss: 2, busy_sleep: 0 })
  })

  vtc('the marker goes when a response may be stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('private', 'Cache-Control: private')
      await s.rx()
      s.answer('shared', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'private' })
    await c1.ask('/', { body: 'shared' })
    await c1.ask('/', { body: 'shared' })
    expect(v1.counters().cache_hit).toBe(1)
  })

  vtc('Vary: who waited for another variant starts one fetch per variant', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx({ fields: { 'X-Kind': 'a' } })
      await t.until('five wait', () => v1.counters().busy_sleep === 5)
      first.answer('a', 'Cache-Control: max-age=10', 'Vary: X-Kind')
      const second = await s.rx({ fields: { 'X-Kind': /b|c/ } })
      const third = await s.rx({ fields: { 'X-Kind': /b|c/ } })
      for (const other of [second, third]) other.answer(other.request.field('X-Kind') ?? '', 'Cache-Control: max-age=10', 'Vary: X-Kind')
    })
    const v1 = t.cache(await startCache(s1))
    const kinds = ['a', 'b', 'a', 'c', 'b', 'c']
    const clients = await crowd(t, v1, 6, (i) => [`X-Kind: ${kinds[i]}`])
    for (const [i, client] of clients.entries()) await client.rx({ body: kinds[i] })
    expect(s1.seen.length).toBe(3)
  })

  vtc('stale at birth: the next ones do not line up one behind the other', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('0', 'Cache-Control: max-age=0', 'ETag: "v1"')
      const a = await s.rx()
      const b = await s.rx()
      for (const one of [b, a]) one.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=0', 'ETag: "v1"')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: '0' })
    c1.get('/')
    await t.until('the first of two is asked', () => s1.seen.length === 2)
    await c2.ask('/', { body: '0' })
    await c1.rx({ body: '0' })
  })

  vtc('a 404 that may be stored is shared like any other', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.answer('nothing', 'HTTP/1.1 404 Not Found', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    for (const client of await crowd(t, v1, 3)) await client.rx({ status: 404, body: 'nothing' })
  })
})

describe('fetches that fail', () => {
  vtc('the origin breaks off in the middle: all see a broken message, nothing is stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', 'Content-Length: 100')
      s.txbody('half')
      await t.until('all have the head', () => heads === 3)
      s.reset()
      await s.rx()
      s.answer('whole', 'Cache-Control: max-age=10')
    })
    let heads = 0
    const v1 = t.cache(await startCache(s1))
    const clients = await crowd(t, v1, 3)
    for (const client of clients) {
      await client.rxHead({ status: 200 })
      expect(await client.rxbytes(4)).toBe('half')
      heads++
    }
    for (const client of clients) await client.rxClosed()
    const c4 = await t.connect('c4', v1)
    await c4.ask('/', { status: 200, body: 'whole' })
  })

  vtc('no answer at all: all who waited share the one 503', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('four wait', () => v1.counters().busy_sleep === 4)
      s.raw('this is not HTTP\r\n\r\n')
      s.close()
    })
    const v1 = t.cache(await startCache(s1))
    for (const client of await crowd(t, v1, 5)) await client.rx({ status: 503 })
    expect(s1.seen.length).toBe(1)
  })

  vtc('a 500 of the origin is shared by nobody, and blocks nobody', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      first.answer('oops', 'HTTP/1.1 500 Oops')
      const others = [await s.rx(), await s.rx()]
      for (const other of others) other.answer('better')
    })
    const v1 = t.cache(await startCache(s1))
    const [c1, c2, c3] = await crowd(t, v1, 3)
    await c1.rx({ status: 500 })
    await c2.rx({ body: 'better' })
    await c3.rx({ body: 'better' })
  })

  vtc('return (abandon): who waited tries for himself', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
      s.answer('no', 'X-Abandon: 1')
      await s.rx()
      s.answer('yes')
    })
    const vcl = 'sub vcl_backend_response { if (beresp.http.X-Abandon) { return (abandon); } }'
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const [c1, c2] = await crowd(t, v1, 2)
    await c1.rx({ status: 503 })
    await c2.rx({ status: 200, body: 'yes' })
  })
})
