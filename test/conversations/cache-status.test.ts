import { describe, expect } from 'vitest'
import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Exchange } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'
import { ranged } from './ranged.ts'

/** Cache-Status, RFC 9211, word for word. */
const said = (status: string | undefined) => ({ fields: { 'Cache-Status': status === undefined ? undefined : `lacquer; ${status}` } })

/** A cache in front of an origin that answers all requests so. */
async function scene(t: Conversation, answer: (request: Exchange, number: number) => void, options: TestCacheOptions = {}) {
  const s1 = await t.origin('s1', (s) => {
    let number = 0
    return s.forever(async () => answer(await s.rx(), ++number))
  })
  const v1 = t.cache(await startCache({ origin: s1, ...options }))
  return { v1, s1, c1: await t.connect('c1', v1) }
}

const lives =
  (...lines: string[]) =>
  (request: Exchange) =>
    request.answer('x', ...lines)

describe('hits', () => {
  vtc('with what is left of the lifetime; a 304, a part and a HEAD of it are hits as well', async (t) => {
    const { v1, c1 } = await scene(t, lives('Cache-Control: max-age=100', 'ETag: "1"'))
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=100'))
    await c1.ask('/', said('hit; ttl=100'))
    v1.advance(40_500)
    await c1.ask('/', { fields: { Age: '40', ...said('hit; ttl=60').fields } })
    await c1.ask('/', { status: 304, ...said('hit; ttl=60') }, 'If-None-Match: "1"')
    await c1.ask('/', { status: 206, ...said('hit; ttl=60') }, 'Range: bytes=0-0')
    c1.request('HEAD', '/')
    await c1.rxForHead(said('hit; ttl=60'))
  })

  vtc('stale while it is refreshed: less than nothing is left', async (t) => {
    const { v1, c1 } = await scene(t, lives('Cache-Control: max-age=10, stale-while-revalidate=100'))
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(15_000)
    await c1.ask('/', said('hit; ttl=-5'))
  })
})

describe('why it went forward', () => {
  vtc('the URL, or its variant', async (t) => {
    const { c1 } = await scene(t, lives('Cache-Control: max-age=100', 'Vary: X-Kind'))
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=100'), 'X-Kind: a')
    await c1.ask('/', said('fwd=vary-miss; stored; ttl=100'), 'X-Kind: b')
    await c1.ask('/', said('hit; ttl=100'), 'X-Kind: b')
  })

  vtc('stale: validated, or replaced', async (t) => {
    const { v1, c1 } = await scene(t, (request, number) => {
      if (number === 2) request.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=10')
      else request.answer('x', 'ETag: "1"', 'Cache-Control: max-age=10')
    })
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(11_000)
    await c1.ask('/', said('fwd=stale; fwd-status=304; stored; ttl=10'))
    v1.advance(11_000)
    await c1.ask('/', said('fwd=stale; stored; ttl=10'))
  })

  vtc('the client does not take what is fresh', async (t) => {
    const { v1, c1 } = await scene(t, lives('Cache-Control: max-age=10'))
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(2000)
    await c1.ask('/', said('fwd=request; stored; ttl=10'), 'Cache-Control: no-cache')
    await c1.ask('/', said('fwd=request; stored; ttl=10'), 'Cache-Control: max-age=0')
  })

  vtc('the method, or the rules', async (t) => {
    const vcl = `
      sub vcl_recv {
        if (req.url == "/pass") { return (pass); }
        if (req.url == "/anew") { set req.hash_always_miss = true; }
      }
      sub vcl_hit { if (req.url == "/hit") { return (pass); } }
      sub vcl_miss { if (req.url == "/miss") { return (pass); } }`
    const { c1 } = await scene(t, lives('Cache-Control: max-age=10'), { vcl })
    await c1.ask('/pass', said('fwd=bypass'))
    await c1.ask('/miss', said('fwd=bypass'))
    await c1.ask('/hit', said('fwd=uri-miss; stored; ttl=10'))
    await c1.ask('/hit', said('fwd=bypass'))
    await c1.ask('/anew', said('fwd=bypass; stored; ttl=10'))
    c1.request('POST', '/pass', 'Content-Length: 0')
    await c1.rx(said('fwd=method'))
    c1.request('OPTIONS', '/other')
    await c1.rx(said('fwd=method'))
  })

  vtc('what the client makes of a 200 does not hide it', async (t) => {
    const { c1 } = await scene(t, lives('Cache-Control: max-age=10', 'ETag: "1"'))
    await c1.ask('/a', { status: 304, ...said('fwd=uri-miss; fwd-status=200; stored; ttl=10') }, 'If-None-Match: "1"')
    await c1.ask('/b', { status: 206, ...said('fwd=uri-miss; fwd-status=200; stored; ttl=10') }, 'Range: bytes=0-0')
  })

  vtc('a status that rules have changed is not the origin’s', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.status = 404; }'
    const { c1 } = await scene(t, lives('Cache-Control: max-age=10'), { vcl })
    await c1.ask('/', { status: 404, ...said('fwd=uri-miss; fwd-status=200; stored; ttl=10') })
  })
})

describe('why it was not stored', () => {
  for (const [line, detail] of [
    ['Cache-Control: private', 'private'],
    ['Cache-Control: no-store', 'no-store'],
    ['Set-Cookie: a=b', 'set-cookie'],
    ['Vary: *', 'vary'],
    ['X: nothing that could be of use', 'useless'],
  ]) {
    vtc(`${line}: also while a hit-for-miss lasts`, async (t) => {
      const { c1 } = await scene(t, lives(line, ...(detail === 'vary' ? ['Cache-Control: max-age=9'] : [])))
      await c1.ask('/', said(`fwd=uri-miss; detail=${detail}`))
      await c1.ask('/', said(`fwd=uri-miss; detail=${detail}`))
    })
  }

  vtc('stored in spite of a hit-for-miss, and passed by a hit-for-pass', async (t) => {
    const vcl = 'sub vcl_backend_response { if (bereq.url == "/pass") { return (pass(10s)); } }'
    const answer = (request: Exchange, number: number) => {
      request.answer('x', number === 1 ? 'Cache-Control: private' : 'Cache-Control: max-age=10')
    }
    const { c1 } = await scene(t, answer, { vcl })
    await c1.ask('/', said('fwd=uri-miss; detail=private'))
    await c1.ask('/', said('fwd=uri-miss; stored; detail=hit-for-miss; ttl=10'))
    await c1.ask('/', said('hit; ttl=10'))
    await c1.ask('/pass', said('fwd=uri-miss; detail=uncacheable'))
    await c1.ask('/pass', said('fwd=bypass; detail=hit-for-pass'))
  })

  vtc('too large for the store', async (t) => {
    const { c1 } = await scene(t, (request) => request.answer('x'.repeat(2 ** 20), 'Cache-Control: max-age=10'), { store_bytes: 2 ** 20 })
    await c1.ask('/', said('fwd=uri-miss; detail=too-large'))
  })

  vtc('a head too large for the store: for who waited for it, too', async (t) => {
    const large = Array.from({ length: 5 }, (_, i) => `X-Large-${i}: ${'x'.repeat(4000)}`)
    const { v1 } = await scene(
      t,
      (request, number) => {
        const answer = (): void => request.answer('x', 'Cache-Control: max-age=10', ...large)
        if (number === 1) void t.until('one waits', () => v1.counters().busy_sleep === 1).then(answer)
        else answer()
      },
      { store_bytes: 2 ** 20 },
    )
    const [first, second] = await crowd(t, v1, 2)
    await first.rx(said('fwd=uri-miss; detail=too-large'))
    await second.rx(said('fwd=uri-miss; collapsed; detail=too-large'))
    await first.ask('/', said('fwd=uri-miss; detail=too-large'))
    expect(v1.counters()['SMA.s0.c_fail']).toBe(2)
  })
})

describe('what was stored and is no longer', () => {
  vtc('the head of a 304 is too large for the store', async (t) => {
    const large = Array.from({ length: 5 }, (_, i) => `X-Large-${i}: ${'x'.repeat(4000)}`)
    const { v1, c1 } = await scene(
      t,
      (request, number) => {
        if (number === 2) request.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=10', ...large)
        else request.answer('x', 'ETag: "1"', 'Cache-Control: max-age=10')
      },
      { store_bytes: 2 ** 20 },
    )
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(11_000)
    await c1.ask('/', said('fwd=stale; fwd-status=304; detail=too-large'))
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
  })

  vtc('a part is too large for the store', async (t) => {
    const { c1 } = await ranged(t, { body: 'x'.repeat(2 ** 20), store_bytes: 2 ** 20 })
    await c1.ask('/', { status: 206, ...said('fwd=uri-miss; fwd-status=206; detail=too-large') }, 'Range: bytes=1-')
  })
})

describe('when the origin fails', () => {
  vtc('a stale object stands in: it went forward, and got an error, or nothing', async (t) => {
    const { v1, c1, s1 } = await scene(t, (request, number) => {
      if (number === 1) request.answer('x', 'Cache-Control: max-age=10, stale-if-error=100')
      else if (number === 2) request.answer('broken', 'HTTP/1.1 502 Bad Gateway')
      else request.reset()
    })
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(20_000)
    await c1.ask('/', { body: 'x', ...said('fwd=stale; fwd-status=502; detail=stale-if-error; ttl=-10') })
    await c1.ask('/', { body: 'x', ...said('fwd=stale; detail=stale-if-error; ttl=-10') })
    await t.until('it was asked', () => s1.seen.length >= 3)
  })

  vtc('what is made here says nothing, unless it comes from the store', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.url == "/synth") { return (synth(404)); } }
      sub vcl_backend_error { if (bereq.url == "/kept") { set beresp.ttl = 10s; } }`
    const { c1 } = await scene(t, (request) => request.reset(), { vcl })
    await c1.ask('/synth', { status: 404, ...said(undefined) })
    await c1.ask('/error', { status: 503, ...said(undefined) })
    await c1.ask('/kept', { status: 503, ...said(undefined) })
    await c1.ask('/kept', { status: 503, ...said('hit; ttl=10') })
    await c1.ask('/none', { status: 504, ...said(undefined) }, 'Cache-Control: only-if-cached')
  })
})

describe('together with others', () => {
  vtc('one fetches, and the others say so', async (t) => {
    const { v1 } = await scene(t, (request) => {
      void t.until('two wait', () => v1.counters().busy_sleep === 2).then(() => request.answer('x', 'Cache-Control: max-age=10'))
    })
    const [first, ...others] = await crowd(t, v1, 3)
    await first.rx(said('fwd=uri-miss; stored; ttl=10'))
    for (const other of others) await other.rx(said('fwd=uri-miss; stored; collapsed; ttl=10'))
  })

  vtc('validated for all of them', async (t) => {
    const { v1, c1 } = await scene(t, (request, number) => {
      if (number === 1) return request.answer('x', 'Cache-Control: max-age=10', 'ETag: "1"')
      void t
        .until('one waits', () => v1.counters().busy_sleep === 1)
        .then(() => request.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=10'))
    })
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(11_000)
    c1.get('/')
    await t.until('it is validated', () => v1.counters().cache_miss === 2)
    const c2 = await t.connect('c2', v1)
    c2.get('/')
    await c1.rx(said('fwd=stale; fwd-status=304; stored; ttl=10'))
    await c2.rx(said('fwd=stale; fwd-status=304; stored; collapsed; ttl=10'))
  })

  vtc('not to be shared: each fetches for himself', async (t) => {
    const { v1 } = await scene(t, (request, number) => {
      if (number > 1) return request.answer('x', 'Cache-Control: private')
      void t.until('two wait', () => v1.counters().busy_sleep === 2).then(() => request.answer('x', 'Cache-Control: private'))
    })
    const [first, ...others] = await crowd(t, v1, 3)
    await first.rx(said('fwd=uri-miss; detail=private'))
    for (const other of others) await other.rx(said('fwd=uri-miss; collapsed=?0; detail=private'))
  })

  vtc('a cookie of another: the reason is still the one it had', async (t) => {
    const lines = ['Cache-Control: max-age=10', 'Set-Cookie: a=b']
    const { v1 } = await scene(t, (request, number) => {
      if (number > 1) return request.answer('x', ...lines)
      void t.until('one waits', () => v1.counters().busy_sleep === 1).then(() => request.answer('x', ...lines))
    })
    const [first, other] = await crowd(t, v1, 2)
    await first.rx(said('fwd=uri-miss; stored; ttl=10'))
    await other.rx(said('fwd=uri-miss; stored; collapsed=?0; ttl=10'))
  })

  vtc('a stale object for all who waited, an error page without a word', async (t) => {
    const { v1, c1 } = await scene(t, (request, number) => {
      if (number === 1) return request.answer('x', 'Cache-Control: max-age=10, stale-if-error=100')
      void t
        .until('another waits', () => v1.counters().busy_sleep === Math.min(number, 3) - 1)
        .then(() => (number === 2 ? request.answer('broken', 'HTTP/1.1 503 Oops') : request.reset()))
    })
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    v1.advance(20_000)
    for (const [round, status, expected] of [
      [2, 200, 'fwd=stale; fwd-status=503; collapsed; detail=stale-if-error; ttl=-10'],
      [3, 503, undefined],
    ] as const) {
      c1.get('/')
      await t.until('it is asked for', () => v1.counters().cache_miss === round)
      c2.get('/')
      await c2.rx({ status, ...said(expected) })
      await c1.rx({ status })
      v1.advance(100_000)
    }
  })
})

describe('as the operator wants it', () => {
  vtc('a restart: what became of the last run', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.restarts == 0) { return (pass); } }
      sub vcl_deliver { if (req.restarts == 0) { return (restart); } }`
    const { c1 } = await scene(t, lives('Cache-Control: max-age=10'), { vcl })
    await c1.ask('/', said('fwd=uri-miss; stored; ttl=10'))
    await c1.ask('/', said('hit; ttl=10'))
  })

  vtc('behind what other caches say; rules see all of it, may change it, and may take it away', async (t) => {
    const vcl = `
      sub vcl_deliver {
        if (req.url == "/hidden") { unset resp.http.Cache-Status; }
        if (req.url == "/seen") { set resp.http.X-Seen = resp.http.Cache-Status; }
      }`
    const lines = ['Cache-Control: max-age=10', 'Cache-Status: Origin; hit; ttl=9', 'Cache-Status: "Between us"; fwd=miss']
    const { c1 } = await scene(t, lives(...lines), { vcl })
    const before = 'Origin; hit; ttl=9, "Between us"; fwd=miss'
    await c1.ask('/', { fields: { 'Cache-Status': `${before}, lacquer; fwd=uri-miss; stored; ttl=10` } })
    await c1.ask('/seen', { fields: { 'X-Seen': `${before}, lacquer; fwd=uri-miss; stored; ttl=10` } })
    await c1.ask('/seen', { fields: { 'X-Seen': `${before}, lacquer; hit; ttl=10` } })
    await c1.ask('/hidden', said(undefined))
  })

  vtc('the same without rules: ours is the last line', async (t) => {
    const { c1 } = await scene(t, lives('Cache-Control: max-age=10', 'Cache-Status: Origin; hit; ttl=9'))
    await c1.ask('/', { fields: { 'Cache-Status': 'Origin; hit; ttl=9, lacquer; fwd=uri-miss; stored; ttl=10' } })
    await c1.ask('/', { fields: { 'Cache-Status': 'Origin; hit; ttl=9, lacquer; hit; ttl=10' } })
  })

  for (const [name, shown] of [
    ['cache-3.example.com', 'cache-3.example.com'],
    ['The Cache', '"The Cache"'],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ['1st', '"1st"'],
  ]) {
    vtc(`its name: ${name}`, async (t) => {
      const { c1 } = await scene(t, lives('Cache-Control: max-age=10'), { params: { cache_status_name: name } })
      await c1.ask('/', { fields: { 'Cache-Status': `${shown}; fwd=uri-miss; stored; ttl=10` } })
      await c1.ask('/', { fields: { 'Cache-Status': `${shown}; hit; ttl=10` } })
    })
  }

  vtc('with the key, or not at all', async (t) => {
    const keyed = await scene(t, lives('Cache-Control: max-age=10'), { params: { cache_status: 'key' } })
    await keyed.c1.ask('/a?"b', said('fwd=uri-miss; stored; key="/a?\\"b example.com"; ttl=10'))
    await keyed.c1.ask('/a?"b', said('hit; key="/a?\\"b example.com"; ttl=10'))
    const silent = t.cache(await startCache({ origin: keyed.s1, params: { cache_status: 'off' } }))
    const c2 = await t.connect('c2', silent)
    await c2.ask('/', said(undefined))
    await c2.ask('/', { fields: { Age: '0', ...said(undefined).fields } })
  })
})
