import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** Several stores: who has what, and that nothing is in two of them. */

const RULES = `
sub vcl_recv { if (req.method == "PURGE") { return (purge); } }
sub vcl_backend_response {
  if (beresp.http.Store == "a") { set beresp.storage = storage.a; }
  if (beresp.http.Store == "b") { set beresp.storage = storage.b; }
  if (beresp.http.Store == "none") { set beresp.storage = storage.Transient; }
  set beresp.http.Chosen = beresp.storage;
}
sub vcl_deliver { set resp.http.Found = obj.storage; }
`
const STORES = ['a=memory,32M', 'b=memory,4M']
const LIVES = 'Cache-Control: max-age=100'

function storageRecords(v1: TestCache): string[] {
  return v1
    .log()
    .filter(({ tag }) => tag === 'Storage')
    .map(({ text }) => text)
}

function objects(v1: TestCache): unknown[] {
  const counters = v1.counters()
  return [counters['n_object'], counters['SMA.a.g_alloc'], counters['SMA.b.g_alloc']]
}

describe('beresp.storage', () => {
  for (const store of ['a', 'b']) {
    vtc(`the response goes to ${store}, and is found there`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer('hello', LIVES, `Store: ${store}`)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { fields: { Chosen: store, Found: store } })
      await c1.ask('/', { fields: { Chosen: store, Found: store }, body: 'hello' })
      expect(storageRecords(v1)).toEqual([`memory ${store}`])
      expect(objects(v1)).toEqual(store === 'a' ? [1, 1, 0] : [1, 0, 1])
    })
  }

  vtc('the next response to the same may go elsewhere: nothing is in two stores', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const store of ['a', 'b', 'a']) {
        await s.rx()
        s.answer(`from ${store}`, LIVES, `Store: ${store}`)
      }
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
    const c1 = await t.connect('c1', v1)
    for (const store of ['a', 'b', 'a']) {
      await c1.ask('/', { body: `from ${store}`, fields: { Found: store } })
      await c1.ask('/', { body: `from ${store}`, fields: { Found: store } })
      expect(objects(v1)).toEqual(store === 'a' ? [1, 1, 0] : [1, 0, 1])
      v1.advance(100_000)
    }
  })

  vtc('variants may lie in several stores, and a purge takes out all of them', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const store of ['a', 'b', 'a', 'b']) {
        await s.rx()
        s.answer(`in ${store}`, LIVES, 'Vary: Accept', `Store: ${store}`)
      }
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
    const c1 = await t.connect('c1', v1)
    for (let round = 0; round < 2; round++) {
      for (let again = 0; again < 2; again++) {
        await c1.ask('/', { body: 'in a', fields: { Found: 'a' } }, 'Accept: text/a')
        await c1.ask('/', { body: 'in b', fields: { Found: 'b' } }, 'Accept: text/b')
      }
      expect(objects(v1)).toEqual([2, 1, 1])
      if (round > 0) return
      c1.tx('PURGE / HTTP/1.1', 'Host: example.com')
      await c1.rx({ status: 200 })
      expect(objects(v1)).toEqual([0, 0, 0])
    }
  })

  vtc('Transient is no choice: what is cached stays in the store that it would have', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('hello', LIVES, 'Store: none')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: ['only=memory,4M', 'b=memory,1M', 'a=memory,1M'] }))
    const c1 = await t.connect('c1', v1)
    const first = await c1.ask('/', { fields: { Chosen: 'Transient' } })
    await c1.ask('/', { fields: { Found: first.field('found') ?? 'none' }, body: 'hello' })
    expect(storageRecords(v1)).toEqual([`memory ${first.field('found')}`])
    expect(['only', 'a', 'b']).toContain(first.field('found'))
  })

  vtc('what is not stored is in Transient', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('hello', 'Cache-Control: no-store', 'Store: b')
      await s.rx({ start: 'POST / HTTP/1.1' })
      s.answer('hello')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { fields: { Chosen: 'b', Found: 'Transient' } })
    c1.tx('POST / HTTP/1.1', 'Host: example.com', 'Content-Length: 0')
    await c1.rx({ fields: { Chosen: 'Transient', Found: 'Transient' } })
    expect(storageRecords(v1)).toEqual(['memory Transient', 'memory Transient'])
  })

  vtc('a body that no store has room for is in Transient, and says so', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('x'.repeat(3 * 2 ** 20), LIVES, 'Store: b')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { fields: { Chosen: 'b', Found: 'Transient' } })
    expect(storageRecords(v1)).toEqual(['memory Transient'])
    expect(objects(v1)).toEqual([0, 0, 0])
  })

  vtc('what a 304 confirms stays where it is', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('hello', LIVES, 'ETag: "1"', 'Store: a')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.answer('', 'HTTP/1.1 304 Not Modified', LIVES, 'ETag: "1"', 'Store: b')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: STORES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { fields: { Found: 'a' } })
    v1.advance(101_000)
    await c1.ask('/', { fields: { Found: 'a' }, body: 'hello' })
    expect(storageRecords(v1)).toEqual(['memory a', 'memory a'])
  })
})

vtc('beresp.storage_hint of VCL 4.0: a name; one that is unknown changes nothing', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (const hint of ['b', 'nowhere', '']) {
      await s.rx()
      s.answer('', LIVES, `Hint: ${hint}`)
    }
  })
  const vcl = `vcl 4.0;
    backend default { .host = "127.0.0.1"; .port = "${s1.port}"; }
    sub vcl_backend_response {
      set beresp.storage = storage.a;
      set beresp.storage_hint = beresp.http.Hint;
      set beresp.http.Chosen = beresp.storage_hint;
    }`
  const v1 = t.cache(await startCache({ vcl, stores: STORES }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/1', { fields: { Chosen: 'b' } })
  await c1.ask('/2', { fields: { Chosen: 'a' } })
  await c1.ask('/3', { fields: { Chosen: 'a' } })
  expect(storageRecords(v1)).toEqual(['memory b', 'memory a', 'memory a'])
})

vtc('without a choice keys are dealt out by size, each to the same store again', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    s.endless = true
    for (;;) {
      await s.rx()
      s.answer('hello', LIVES)
    }
  })
  const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, stores: ['a=memory,24M', 'b=memory,8M'] }))
  const c1 = await t.connect('c1', v1)
  const found: (string | undefined)[][] = [[], []]
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 200; i++) found[round].push((await c1.ask(`/${i}`, { body: 'hello' })).field('found'))
    v1.advance(200_000)
  }
  expect(found[1]).toEqual(found[0])
  const in_b = found[0].filter((name) => name === 'b').length
  // A quarter of 200; the hash is a fixed one.
  expect(in_b).toBeGreaterThan(30)
  expect(in_b).toBeLessThan(70)
})

vtc('storage.NAME.*', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.answer('x'.repeat(100_000), LIVES, 'Store: b')
  })
  const vcl = `${RULES}
    sub vcl_deliver {
      set resp.http.Used-A = storage.a.used_space;
      set resp.http.Used-B = storage.b.used_space;
      set resp.http.Full-B = storage.b.free_space < 3000000B;
      set resp.http.Happy = storage.a.happy;
      set resp.http.Transient = storage.Transient.used_space;
    }`
  const v1 = t.cache(await startCache({ origin: s1, vcl, stores: ['a=memory,32M', 'b=memory,3M'] }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', {})
  const found = await c1.ask('/', { fields: { Happy: 'true', 'Full-B': 'true', 'Used-A': '0', Transient: '0' } })
  expect(Number(found.field('used-b'))).toBeGreaterThan(100_000)
})

vtc('what is held for its reader only is counted as Transient, until it has been read', async (t) => {
  const HALF = 'x'.repeat(100_000)
  const transient = (name: string): number => v1.counters()[`SMA.Transient.${name}`]
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.tx('HTTP/1.1 200 OK', 'Cache-Control: no-store', `Content-Length: ${2 * HALF.length}`)
    s.txbody(HALF)
    await t.until('half of it is held', () => transient('g_bytes') >= HALF.length)
    expect([transient('c_req'), transient('g_alloc')]).toEqual([1, 1])
    expect(transient('c_bytes') - transient('c_freed')).toBe(transient('g_bytes'))
    s.txbody(HALF)
  })
  const vcl = 'sub vcl_backend_response { set beresp.do_stream = false; }'
  const v1 = t.cache(await startCache({ origin: s1, vcl }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', { body_bytes: 2 * HALF.length })
  await t.until('nothing is held', () => transient('g_bytes') === 0)
  expect([transient('c_req'), transient('g_alloc')]).toEqual([1, 0])
  expect(transient('c_bytes')).toBeGreaterThanOrEqual(2 * HALF.length)
  expect(transient('c_freed')).toBe(transient('c_bytes'))
})
