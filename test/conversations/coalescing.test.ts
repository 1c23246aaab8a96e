import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'

/** So many clients that have asked for the same, each known to wait before the next asks: the first fetches. */
async function crowd(t: Conversation, v1: TestCache, count: number, lines: (i: number) => string[] = () => []): Promise<Client[]> {
  const clients: Client[] = []
  for (let i = 0; i < count; i++) {
    const client = await t.connect(`c${i + 1}`, v1)
    client.get('/', ...lines(i))
    await t.until(`c${i + 1} ${i === 0 ? 'fetches' : 'waits'}`, () => v1.counters().cache_miss === 1 && v1.counters().busy_sleep === i)
    clients.push(client)
  }
  return clients
}

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
