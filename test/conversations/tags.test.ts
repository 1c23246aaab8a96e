import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'
import { FORWARDED } from './ranged.ts'

const AGE = 'Cache-Control: max-age=100'

/** X-Purge and X-Soft carry the keys; the answer says how many objects there were. */
const RULES = `
import xkey;
sub vcl_recv {
  if (req.http.X-Purge) { return (synth(200, xkey.purge(req.http.X-Purge))); }
  if (req.http.X-Soft) { return (synth(200, xkey.softpurge(req.http.X-Soft))); }
}`

/** Answers with the number of the request, and the field lines that belong to the target. */
function pages(t: Conversation, lines: Record<string, readonly string[]>, more: readonly string[] = [AGE]): Promise<TestOrigin> {
  let number = 0
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      s.answer(String(++number), ...more, ...(lines[request.start.split(' ')[1]] ?? []))
    }),
  )
}

async function scene(t: Conversation, origin: TestOrigin, params: Record<string, string> = {}): Promise<{ v1: TestCache; c1: Client }> {
  const v1 = t.cache(await startCache({ origin, vcl: RULES, params }))
  return { v1, c1: await t.connect('c1', v1) }
}

async function purge(c1: Client, keys: string, objects: number, field = 'X-Purge'): Promise<void> {
  c1.get('/', `${field}: ${keys}`)
  await c1.rx({ start: `HTTP/1.1 200 ${objects}` })
}

describe('a tag', () => {
  for (const field of ['xkey', 'Surrogate-Key']) {
    vtc(`of ${field}, apart by white space, in as many lines as there are`, async (t) => {
      const s1 = await pages(t, { '/a': [`${field}: red  blue`, `${field}: green`], '/b': [`${field}: green`], '/c': [] })
      const { v1, c1 } = await scene(t, s1)
      for (const [path, body] of Object.entries({ '/a': '1', '/b': '2', '/c': '3' })) await c1.ask(path, { body })
      await purge(c1, 'blue', 1)
      await c1.ask('/a', { body: '4' })
      await purge(c1, 'green', 2)
      for (const [path, body] of Object.entries({ '/a': '5', '/b': '6', '/c': '3' })) await c1.ask(path, { body })
      expect(v1.counters()).toMatchObject({ n_purges: 2, n_tag_purges: 2, n_obj_purged: 3, 'ARENA.s0.c_purged': 3 })
    })
  }

  vtc('of Cache-Tag, apart by commas', async (t) => {
    const { c1 } = await scene(t, await pages(t, { '/': ['Cache-Tag: red,blue ,  green'] }))
    await c1.ask('/', { body: '1' })
    await purge(c1, 'blue', 1)
    await c1.ask('/', { body: '2' })
    await purge(c1, 'nothing RED', 0)
    await c1.ask('/', { body: '2' })
  })

  vtc('several are purged at once, apart by white space or commas; an object that has two of them is one', async (t) => {
    const { c1 } = await scene(t, await pages(t, { '/a': ['xkey: a'], '/b': ['xkey: b x'], '/c': ['xkey: c'] }))
    for (const path of ['/a', '/b', '/c']) await c1.ask(path, {})
    await purge(c1, 'a,b x', 2)
    await c1.ask('/c', { body: '3' })
    for (const [path, body] of Object.entries({ '/a': '4', '/b': '5' })) await c1.ask(path, { body })
  })

  vtc('holds for all variants', async (t) => {
    const { c1 } = await scene(t, await pages(t, { '/': ['xkey: a', 'Vary: X-Kind'] }))
    for (const kind of ['1', '2']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
    await purge(c1, 'a', 2)
    for (const kind of ['3', '4']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
  })

  vtc('that rules take out of the response is none, and one that they add is one', async (t) => {
    const s1 = await pages(t, { '/': ['xkey: a'] })
    const vcl = `${RULES} sub vcl_backend_response { unset beresp.http.xkey; set beresp.http.Surrogate-Key = "b"; }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/', { body: '1' })
    await purge(c1, 'a', 0)
    await c1.ask('/', { body: '1' })
    await purge(c1, 'b', 1)
    await c1.ask('/', { body: '2' })
  })

  vtc('of a field that the parameter does not name is none', async (t) => {
    const s1 = await pages(t, { '/': ['xkey: a', 'X-Tags: b'] })
    const { c1 } = await scene(t, s1, { tag_fields: 'X-Tags:comma' })
    await c1.ask('/', { body: '1' })
    await purge(c1, 'a', 0)
    await purge(c1, 'b', 1)
  })

  vtc('after a 304 the tags are those that it says', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=10', 'ETag: "1"', 'xkey: old')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', AGE, 'ETag: "1"', 'xkey: new')
      await s.rx()
      s.answer('2', AGE)
    })
    const { v1, c1 } = await scene(t, s1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/', { body: '1' })
    await purge(c1, 'old', 0)
    await c1.ask('/', { body: '1' })
    await purge(c1, 'new', 1)
    await c1.ask('/', { body: '2' })
  })

  vtc('more than there may be: the object goes with any tag, and so cannot escape its own', async (t) => {
    const many = Array.from({ length: 60 }, (_, i) => `xkey: ${Array.from({ length: 10 }, (__, j) => `t${i}-${j}`).join(' ')}`)
    const { c1 } = await scene(t, await pages(t, { '/many': many }), { http_max_hdr: '100' })
    await c1.ask('/many', { body: '1' })
    await c1.ask('/few', { body: '2' })
    await purge(c1, 't59-9', 1)
    await c1.ask('/many', { body: '3' })
    await purge(c1, 'another', 1)
    await c1.ask('/many', { body: '4' })
    await c1.ask('/few', { body: '2' })
  })
})

vtc('a tag of what is stored in part takes out all parts', async (t) => {
  let number = 0
  const s1 = await t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      const [from, to] = /bytes=(\d+)-(\d+)/
        .exec(request.field('range') ?? '')!
        .slice(1)
        .map(Number)
      const body = String(++number).repeat(to - from + 1)
      s.answer(body, 'HTTP/1.1 206 Partial', AGE, 'ETag: "1"', 'xkey: a', `Content-Range: bytes ${from}-${to}/100`)
    }),
  )
  const { c1 } = await scene(t, s1, FORWARDED)
  const range = (from: number, to: number): string => `Range: bytes=${from}-${to}`
  await c1.ask('/', { status: 206, body: '11' }, range(0, 1))
  await c1.ask('/', { status: 206, body: '222' }, range(50, 52))
  await c1.ask('/', { status: 206, body: '1' }, range(1, 1))
  await purge(c1, 'a', 1)
  await c1.ask('/', { status: 206, body: '33' }, range(0, 1))
  await c1.ask('/', { status: 206, body: '444' }, range(50, 52))
  await purge(c1, 'a', 1, 'X-Soft')
  await c1.ask('/', { status: 206 }, range(0, 1))
  // It has the same strong validator: what was there has been validated by it.
  expect(number).toBe(5)
})

describe('what is being fetched when its tag is purged', () => {
  vtc('is not stored; who asked before has it, who asked after does not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
      first.answer('old', AGE, 'xkey: a')
      await s.rx()
      s.answer('new', AGE, 'xkey: a')
    })
    const { v1, c1 } = await scene(t, s1)
    const c2 = await t.connect('c2', v1)
    const c3 = await t.connect('c3', v1)
    c1.get('/')
    await t.until('c1 is fetching', () => v1.counters().s_fetch === 1)
    await purge(c3, 'a', 0)
    c2.get('/')
    await c1.rx({ body: 'old' })
    await c2.rx({ body: 'new' })
    await c3.ask('/', { body: 'new' })
  })

  vtc('while its body comes: those who have begun get all of it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', AGE, 'xkey: a', 'Content-Length: 10')
      s.txbody('first')
      await t.until('it was purged', () => v1.counters().n_purges === 1)
      s.txbody('after')
      await s.rx()
      s.answer('new', AGE)
    })
    const { v1, c1 } = await scene(t, s1)
    const c2 = await t.connect('c2', v1)
    c1.get('/')
    await c1.rxHead({ status: 200 })
    await purge(c2, 'a', 1)
    await c1.rxbytes(10)
    await c2.ask('/', { body: 'new' })
  })
})

describe('a soft purge of a tag', () => {
  vtc('serves what there is while it is fetched anew, where grace permits', async (t) => {
    const s1 = await pages(t, { '/': ['xkey: a'] }, ['Cache-Control: max-age=100, stale-while-revalidate=50'])
    const { v1, c1 } = await scene(t, s1)
    await c1.ask('/', { body: '1' })
    v1.advance(1000)
    await purge(c1, 'a', 1, 'X-Soft')
    v1.advance(1000)
    await c1.ask('/', { body: '1' })
    await t.until('it was fetched', () => v1.counters().fetch_length === 2)
    await c1.ask('/', { body: '2' })
    expect(v1.counters()).toMatchObject({ cache_hit_grace: 1, n_obj_softpurged: 1, n_obj_purged: 0, n_purges: 1 })
  })

  vtc('validates what has a validator, and has a 304 make it fresh', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', AGE, 'xkey: a', 'ETag: "1"')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', AGE, 'ETag: "1"')
    })
    const { c1 } = await scene(t, s1)
    await c1.ask('/', { body: '1' })
    await purge(c1, 'a', 1, 'X-Soft')
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' })
  })

  vtc('while the object is validated: the 304 does not make it fresh', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=10', 'xkey: a', 'ETag: "1"')
      await s.rx()
      await t.until('it was purged', () => v1.counters().n_purges === 1)
      s.tx('HTTP/1.1 304 Not Modified', AGE, 'ETag: "1"')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.answer('2', AGE)
    })
    const { v1, c1 } = await scene(t, s1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    c1.get('/')
    await t.until('it is being validated', () => v1.counters().s_fetch === 2)
    await purge(c2, 'a', 1, 'X-Soft')
    await c1.rx({ body: '1' })
    await c1.ask('/', { body: '2' })
  })
})

describe('what was purged does not stand in', () => {
  const rules = `${RULES} sub vcl_recv { set req.grace = 0s; } sub vcl_backend_response { set beresp.grace = 1h; }`

  vtc('for a fetch that fails', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=10', 'xkey: a', 'ETag: "1"')
      await s.rx()
      await t.until('it was purged', () => v1.counters().n_purges === 1)
      s.answer('no', 'HTTP/1.1 500 No')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: rules }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    c1.get('/')
    await t.until('it is being validated', () => v1.counters().s_fetch === 2)
    await purge(c2, 'a', 1)
    await c1.rx({ status: 500 })
  })
})

describe('RFC 9875', () => {
  const SHOP = { '/a': ['Cache-Groups: "one", "two"'], '/b': ['Cache-Groups: "two";x=1'], '/c': ['Cache-Groups: two'], '/d': [] }

  async function stored(c1: Client, ...lines: string[]): Promise<void> {
    for (const path of Object.keys(SHOP)) await c1.ask(path, {}, ...lines)
  }

  vtc('Cache-Group-Invalidation of an unsafe method takes out the groups of its origin, and no others', async (t) => {
    const { v1, c1 } = await scene(t, await pages(t, { ...SHOP, '/do': ['Cache-Group-Invalidation: "two"'] }))
    await stored(c1)
    await stored(c1, 'Host: other.example')
    c1.request('POST', '/do', 'Content-Length: 0')
    await c1.rx({ body: '9' })
    await c1.ask('/a', { body: '10' })
    await c1.ask('/b', { body: '11' })
    // A token is no string, and the whole field means nothing then.
    await c1.ask('/c', { body: '3' })
    await c1.ask('/d', { body: '4' })
    await c1.ask('/a', { body: '5' }, 'Host: other.example')
    expect(v1.counters().n_invalidated).toBe(2)
  })

  vtc('the port that the scheme has is the same as none, and the case of a host means nothing', async (t) => {
    const { c1 } = await scene(t, await pages(t, { '/a': ['Cache-Groups: "one"'], '/do': ['Cache-Group-Invalidation: "one"'] }))
    await c1.ask('/a', { body: '1' })
    c1.request('POST', '/do', 'Host: EXAMPLE.com:443', 'Content-Length: 0')
    await c1.rx({})
    await c1.ask('/a', { body: '3' })
  })

  for (const [what, method, line] of [
    ['on a GET', 'GET', 'Cache-Group-Invalidation: "one"'],
    ['that is no List of Strings', 'POST', 'Cache-Group-Invalidation: "one", two'],
    ['that is broken', 'POST', 'Cache-Group-Invalidation: "one'],
  ]) {
    vtc(`${what} it is ignored`, async (t) => {
      const { c1 } = await scene(t, await pages(t, { '/a': ['Cache-Groups: "one"'], '/do': [line] }))
      await c1.ask('/a', { body: '1' })
      c1.request(method, '/do', 'Content-Length: 0')
      await c1.rx({})
      await c1.ask('/a', { body: '1' })
    })
  }

  vtc('policy=varnish knows nothing of it', async (t) => {
    const s1 = await pages(t, { '/a': ['Cache-Groups: "one"'], '/do': ['Cache-Group-Invalidation: "one"'] })
    const { c1 } = await scene(t, s1, { policy: 'varnish' })
    await c1.ask('/a', { body: '1' })
    c1.request('POST', '/do', 'Content-Length: 0')
    await c1.rx({})
    await c1.ask('/a', { body: '1' })
  })
})
