import { describe, expect } from 'vitest'
import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Exchange, OriginScript } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

const ON = { no_vary_search: 'on' }
const PURGE = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'
const FRESH = 'Cache-Control: max-age=100'

/** An origin that answers with the number of the request and its target; `says` are further lines for a target. */
async function scene(t: Conversation, says: (target: string, number: number) => string[], options: TestCacheOptions = {}) {
  const s1 = await t.origin('s1', (s) => {
    let number = 0
    return s.forever(async () => {
      const { request } = await s.rx()
      const target = request.start.split(' ')[1]
      s.answer(`${++number} ${target}`, FRESH, ...says(target, number))
    })
  })
  const v1 = t.cache(await startCache({ origin: s1, params: ON, ...options }))
  return { s1, v1, c1: await t.connect('c1', v1) }
}

/** /?1 was for all; it has expired, /?2 is being fetched, and who asks for /?3 waits for that when the origin goes on with `then`. */
async function whileRefetched(t: Conversation, then: (s: OriginScript, again: Exchange) => Promise<void>) {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.answer('1', 'Cache-Control: max-age=10', 'No-Vary-Search: params')
    const again = await s.rx()
    await t.until('one waits', () => v1.counters().busy_sleep === 1)
    await then(s, again)
  })
  const v1 = t.cache(await startCache({ origin: s1, params: ON }))
  const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
  await c1.ask('/?1', { body: '1' })
  v1.advance(11_000)
  c1.get('/?2')
  await t.until('it is fetched', () => v1.counters().cache_miss === 2)
  c2.get('/?3')
  return { c1, c2 }
}

describe('No-Vary-Search', () => {
  vtc('one response for all URLs that it makes equivalent', async (t) => {
    const { c1, s1 } = await scene(t, () => ['No-Vary-Search: params=("utm"), key-order'])
    await c1.ask('/a?x=1&utm=1&y=2', { body: '1 /a?x=1&utm=1&y=2' })
    await c1.ask('/a?x=1&utm=1&y=2', { body: '1 /a?x=1&utm=1&y=2' })
    await c1.ask('/a?y=2&x=1', { body: '1 /a?x=1&utm=1&y=2', fields: { 'Cache-Status': 'lacquer; hit; ttl=100' } })
    await c1.ask('/a?y=2&utm=5&%78=1', { body: '1 /a?x=1&utm=1&y=2' })
    await c1.ask('/a?y=3&x=1', { body: '2 /a?y=3&x=1' })
    await c1.ask('/b?y=2&x=1', { body: '3 /b?y=2&x=1' })
    await c1.ask('/a', { body: '4 /a' })
    await c1.ask('/a?utm=1', { body: '4 /a' })
    expect(s1.seen.length).toBe(4)
  })

  vtc('what does not say so is for its own URL', async (t) => {
    const { c1 } = await scene(t, (target) => (target.includes('own') ? [] : ['No-Vary-Search: params=("utm")']))
    await c1.ask('/?utm=1', { body: '1 /?utm=1' })
    await c1.ask('/?own=1&utm=1', { body: '2 /?own=1&utm=1' })
    await c1.ask('/?own=1&utm=2', { body: '3 /?own=1&utm=2' })
    await c1.ask('/?own=1&utm=1', { body: '2 /?own=1&utm=1' })
    await c1.ask('/?utm=3', { body: '1 /?utm=1' })
  })

  vtc('of several that will do, the most recent', async (t) => {
    const { c1, v1 } = await scene(t, (_, number) => (number === 1 ? [] : ['No-Vary-Search: params']))
    await c1.ask('/?a', { body: '1 /?a' })
    v1.advance(2000)
    await c1.ask('/?b', { body: '2 /?b' })
    await c1.ask('/?c', { body: '2 /?b' })
    await c1.ask('/?a', { body: '2 /?b' })
  })

  vtc('it comes to say something else: that holds for what comes then', async (t) => {
    const { c1, v1 } = await scene(t, (_, number) => [`No-Vary-Search: params=("${number < 3 ? 'a' : 'b'}")`])
    await c1.ask('/?a=1&b=1', { body: '1 /?a=1&b=1' })
    await c1.ask('/?a=2&b=1', { body: '1 /?a=1&b=1' })
    await c1.ask('/?a=1&b=2', { body: '2 /?a=1&b=2' })
    v1.advance(1000)
    await c1.ask('/?a=3&b=3', { body: '3 /?a=3&b=3' })
    await c1.ask('/?a=3&b=4', { body: '3 /?a=3&b=3' })
    await c1.ask('/?a=4&b=3', { body: '4 /?a=4&b=3' })
    await c1.ask('/?a=9&b=1', { body: '1 /?a=1&b=1' })
  })

  vtc('with Vary: each variant for all equivalent URLs', async (t) => {
    const { c1 } = await scene(t, () => ['No-Vary-Search: params', 'Vary: X-Kind'])
    await c1.ask('/?1', { body: '1 /?1' }, 'X-Kind: a')
    await c1.ask('/?2', { body: '2 /?2' }, 'X-Kind: b')
    await c1.ask('/?3', { body: '1 /?1' }, 'X-Kind: a')
    await c1.ask('/?4', { body: '2 /?2' }, 'X-Kind: b')
  })

  vtc('equivalent URLs at once: once it is known, one fetch for all', async (t) => {
    const { c1, c2 } = await whileRefetched(t, async (_, again) => again.answer('2', FRESH, 'No-Vary-Search: params'))
    await c1.rx({ body: '2' })
    await c2.rx({ body: '2' })
  })

  vtc('who has waited for a response that then is not for him fetches his own', async (t) => {
    const { c1, c2 } = await whileRefetched(t, async (s, again) => {
      again.answer('two', FRESH)
      await s.rx({ start: 'GET /?3 HTTP/1.1' })
      s.answer('three', FRESH)
    })
    await c1.rx({ body: 'two' })
    await c2.rx({ body: 'three' })
    await c1.ask('/?2', { body: 'two' })
    await c1.ask('/?3', { body: 'three' })
  })

  vtc('a 304 that says something else: the object is for that from then on', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'ETag: "1"', 'Cache-Control: max-age=10', 'No-Vary-Search: params')
      await s.rx({ start: 'GET /?2 HTTP/1.1', fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', FRESH, 'No-Vary-Search: key-order')
      await s.rx({ start: 'GET /?3 HTTP/1.1', fields: { 'If-None-Match': undefined } })
      s.answer('three', FRESH)
    })
    const v1 = t.cache(await startCache({ origin: s1, params: ON }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/?1', { body: 'one' })
    v1.advance(11_000)
    await c1.ask('/?2', { body: 'one' })
    await c1.ask('/?2', { body: 'one' })
    await c1.ask('/?3', { body: 'three' })
  })

  vtc('a purge of any of the URLs takes the response, and that one only', async (t) => {
    const { c1, v1 } = await scene(t, () => ['No-Vary-Search: params=("utm")'], { vcl: PURGE })
    await c1.ask('/?id=0', { body: '1 /?id=0' })
    await c1.ask('/?id=1&utm=1', { body: '2 /?id=1&utm=1' })
    await c1.ask('/?id=2&utm=1', { body: '3 /?id=2&utm=1' })
    c1.request('PURGE', '/?utm=7&id=1')
    await c1.rx({ status: 200 })
    await c1.ask('/?id=2', { body: '3 /?id=2&utm=1' })
    await c1.ask('/?id=1', { body: '4 /?id=1' })
    expect(v1.counters().n_purges).toBe(1)
  })

  vtc('what an unsafe method invalidates goes with its equivalents', async (t) => {
    const { c1 } = await scene(t, () => ['No-Vary-Search: params=("utm")'])
    await c1.ask('/?id=0', { body: '1 /?id=0' })
    await c1.ask('/?id=1&utm=1', { body: '2 /?id=1&utm=1' })
    c1.request('POST', '/?id=1', 'Content-Length: 0')
    await c1.rx({ body: '3 /?id=1' })
    await c1.ask('/?id=1&utm=2', { body: '4 /?id=1&utm=2' })
  })

  vtc('purged while the first response of its path is under way: it is not found', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await t.until('it is purged', () => v1.counters().n_purges === 1)
      first.answer('old', FRESH, 'No-Vary-Search: params')
      await s.rx()
      s.answer('new', FRESH, 'No-Vary-Search: params')
    })
    const v1 = t.cache(await startCache({ origin: s1, params: ON, vcl: PURGE }))
    const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
    c1.get('/?1')
    await t.until('it is fetched', () => s1.seen.length === 1)
    c2.request('PURGE', '/?2')
    await c2.rx({ status: 200 })
    await c1.rx({ body: 'old' })
    await c1.ask('/?3', { body: 'new' })
    await c1.ask('/?1', { body: 'new' })
  })

  vtc('more different specs than are remembered: the eldest are forgotten, none is mixed up', async (t) => {
    const { c1, v1 } = await scene(t, (target) => [`No-Vary-Search: params=("${target.at(-1)}")`])
    for (const name of 'abcdef') {
      await c1.ask(`/?x=1&${name}`, { status: 200 })
      v1.advance(1000)
    }
    await c1.ask('/?x=1&f=2', { body: '6 /?x=1&f' })
    await c1.ask('/?x=1&a=2', { status: 200 })
    await c1.ask('/?x=2&f', { body: /\/\?x=2&f$/ })
  })

  vtc('rules that make the key of something else than the URL: every URL for itself', async (t) => {
    const vcl = 'sub vcl_hash { hash_data(regsub(req.url, "z=.*", "")); return (lookup); }'
    const { c1 } = await scene(t, () => ['No-Vary-Search: params'], { vcl })
    await c1.ask('/?a&z=1', { body: '1 /?a&z=1' })
    await c1.ask('/?a&z=2', { body: '1 /?a&z=1' })
    await c1.ask('/?b', { body: /\/\?b$/ })
  })

  vtc('rules that add to the key: what they add still counts', async (t) => {
    const vcl = 'sub vcl_hash { hash_data(req.http.X-Tenant); }'
    const { c1 } = await scene(t, () => ['No-Vary-Search: params'], { vcl })
    await c1.ask('/?1', { body: '1 /?1' }, 'X-Tenant: a')
    await c1.ask('/?2', { body: '2 /?2' }, 'X-Tenant: b')
    await c1.ask('/?3', { body: '1 /?1' }, 'X-Tenant: a')
  })

  vtc('an error page that rules keep is for its URL', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=10', 'No-Vary-Search: params')
      await s.rx()
      s.answer('2', FRESH)
      await s.rx({ start: 'GET /?3 HTTP/1.1' })
      s.answer('3', FRESH)
    })
    const vcl = `
      sub vcl_backend_response { if (bereq.url == "/?2") { return (error(503)); } }
      sub vcl_backend_error { set beresp.ttl = 100s; }`
    const v1 = t.cache(await startCache({ origin: s1, params: { ...ON, default_grace: '0' }, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/?1', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/?2', { status: 503 })
    await c1.ask('/?2', { status: 503 })
    await c1.ask('/?3', { body: '3' })
  })

  vtc('off, which is the default: every URL for itself', async (t) => {
    const { c1 } = await scene(t, () => ['No-Vary-Search: params'], { params: {} })
    await c1.ask('/?1', { body: '1 /?1' })
    await c1.ask('/?2', { body: '2 /?2' })
  })
})
