import { describe, expect } from 'vitest'
import type { Explanation, NoteEntry } from '../../src/explain/contract.ts'
import { explanationText } from '../../src/explain/text.ts'
import { httpDate, startCache, type TestCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** What is told of a request that is taken through to be explained, on the cache that serves the others. */

function notes({ transactions }: Explanation, about: NoteEntry['about']): NoteEntry[] {
  return transactions.flatMap(({ entries }) => entries.filter((entry): entry is NoteEntry => entry.is === 'note' && entry.about === about))
}

function rules({ transactions }: Explanation): string[] {
  const all = transactions.flatMap(({ entries }) => entries)
  return all.flatMap((entry) =>
    entry.is === 'rule' && !entry.builtin
      ? [`${entry.sub}:${entry.line} ${entry.text}${entry.value === undefined ? '' : ` => ${entry.value}`}`]
      : [],
  )
}

function reasons({ transactions }: Explanation): string[] {
  return transactions.map(({ reason }) => reason)
}

const URL = 'http://example.com/a'

vtc('a miss: rules with values, the key, the lookup, the arithmetic, the backend, and where it was stored', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx({ start: 'GET /a HTTP/1.1' })
    request.answer('hello', 'Cache-Control: max-age=60, stale-while-revalidate=5', 'Age: 10')
  })
  const vcl = `
sub vcl_recv {
  if (req.url ~ "^/a") {
    set req.http.X-Seen = "yes";
  }
}`
  const v1 = t.cache(await startCache({ origin: s1, vcl }))
  const told = await v1.explain(URL)
  expect(told.outcome).toMatchObject({ state: 'complete', status: 200, reason: 'OK', body_bytes: 5 })
  expect(rules(told)).toEqual(['vcl_recv:5 if (req.url ~ "^/a") { => true', 'vcl_recv:6 set req.http.X-Seen = "yes"; => yes'])
  expect(notes(told, 'key')[0].facts).toEqual({ parts: ['/a', 'example.com'] })
  expect(notes(told, 'lookup')[0].facts).toMatchObject({ outcome: 'miss', fwd: 'uri-miss' })
  expect(notes(told, 'backend')[0].facts).toEqual({ backend: 'default', director: false, healthy: true, default: true })
  expect(notes(told, 'freshness')[0].facts).toMatchObject({ ttl_s: 50, age_s: 10, grace_s: 5, storable: true })
  expect(notes(told, 'freshness')[0].text).toEqual([
    'freshness lifetime 60 s: max-age of Cache-Control (RFC 9111 section 5.2.2.1)',
    'age on arrival 10 s: the larger of what Date says and Age: 10 s and 0 s that the answer took (RFC 9111 section 4.2.3)',
    'ttl 60 s - 10 s = 50 s: fresh (RFC 9111 section 4.2)',
    'grace 5 s: stale-while-revalidate (RFC 5861 section 3)',
    'it may be stored (RFC 9111 section 3)',
  ])
  expect(notes(told, 'stored')[0].facts).toMatchObject({ stored: true, store: 's0', lifetime_s: 60 })
  expect(reasons(told)).toEqual(['rxreq', 'fetch'])
  expect(told.transactions.every(({ unfinished }) => !unfinished)).toBe(true)
  const text = explanationText(told, false)
  expect(text).toContain('test.vcl:5               if (req.url ~ "^/a")   # true\n')
  expect(text).toContain('key: "/a" + "example.com"\n')
  expect(text).toMatch(/=> 200 OK: head \d+ bytes, body 5 bytes/)
  expect(text).not.toContain('hello')
})

vtc('it is a request like others: what it stores they hit, and what they store it hits', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('hello', 'Cache-Control: max-age=60')
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  await v1.explain(URL)
  await c1.ask('/a', { body: 'hello', fields: { Age: '0' } })
  await c1.ask('/b', { body: 'hello' })
  v1.advance(20_000)
  const told = await v1.explain('http://example.com/b')
  expect(notes(told, 'lookup')[0].facts).toMatchObject({ outcome: 'hit', store: 's0', age_s: 20, lifetime_s: 60, left_s: 40, hits: 0 })
  expect(notes(told, 'answer')[0].facts).toMatchObject({ fetched: false })
  expect(v1.counters()).toMatchObject({ cache_hit: 2, cache_miss: 2, client_req: 4 })
})

vtc('others go by the rules as they are, and their log is theirs alone', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('hello')
  })
  const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (pass); }' }))
  const told = await v1.explain(URL)
  const c1 = await t.connect('c1', v1)
  await c1.ask('/b', { body: 'hello' })
  const xids = new Set(told.transactions.map(({ xid }) => xid))
  expect(v1.log().filter(({ xid }) => xids.has(xid))).toEqual([])
  expect(v1.log().some(({ tag, text }) => tag === 'ReqURL' && text === '/b')).toBe(true)
  expect(v1.log().filter(({ tag }) => tag === 'Debug' || tag === 'VCL_trace')).toEqual([])
})

vtc('grace: what is stale is served, and the refresh in the background is told to its end', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('hello', 'Cache-Control: max-age=10, stale-while-revalidate=60')
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/a', {})
  v1.advance(15_000)
  const told = await v1.explain(URL)
  const [lookup] = notes(told, 'lookup')
  expect(lookup.facts).toMatchObject({ outcome: 'hit in grace', fwd: 'stale', left_s: -5 })
  expect(lookup.text).toContain('age 15 s of a lifetime of 10 s: stale since 5 s, in its grace of 60 s (RFC 9111 section 4.2)')
  expect(reasons(told)).toEqual(['rxreq', 'bgfetch'])
  expect(notes(told, 'stored')[0].facts).toMatchObject({ stored: true })
})

vtc('what may not be stored: why, the marker that it leaves, and who finds it', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('mine', 'Cache-Control: private')
  })
  const v1 = t.cache(await startCache(s1))
  const first = await v1.explain(URL)
  expect(notes(first, 'freshness')[0].facts).toMatchObject({ storable: false, why: 'private' })
  expect(notes(first, 'stored')[0].facts).toEqual({ stored: false, marker_s: 120, hit_for_pass: false })
  expect(notes(first, 'answer')[0].text).toContain('it was not stored: the response is private (RFC 9111 section 5.2.2.7)')
  const second = await v1.explain(URL)
  expect(notes(second, 'lookup')[0].facts).toMatchObject({ outcome: 'hit-for-miss' })
  expect(notes(second, 'lookup')[0].text[0]).toContain(
    `hit-for-miss: fetch ${first.transactions[1].xid} brought what may not be stored; for 120 s more`,
  )
})

vtc('a variant that is stored for others is told of', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('hello', 'Cache-Control: max-age=60', 'Vary: X-Kind')
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/a', {}, 'X-Kind: one')
  const told = await v1.explain(URL, '-H', 'X-Kind: two')
  expect(notes(told, 'lookup')[0].facts).toMatchObject({ outcome: 'miss', fwd: 'vary-miss' })
  expect(notes(told, 'stored')[0].facts).toMatchObject({ vary: 'x-kind' })
})

describe('other ways through the rules', () => {
  vtc('pass, synth and restart', async (t) => {
    const s1 = await t.origin('s1', async (s) => (await s.rx({ start: 'GET /done HTTP/1.1' })).answer('hello', 'Cache-Control: max-age=9'))
    const vcl = `
sub vcl_recv {
  if (req.url == "/made") { return (synth(404, "Gone fishing")); }
  if (req.url == "/again" && req.restarts == 0) { set req.url = "/done"; return (restart); }
  return (pass);
}`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const made = await v1.explain('http://example.com/made')
    expect(made.outcome).toMatchObject({ status: 404, reason: 'Gone fishing' })
    expect(reasons(made)).toEqual(['rxreq'])
    const again = await v1.explain('http://example.com/again')
    expect(reasons(again)).toEqual(['rxreq', 'restart', 'pass'])
    expect(notes(again, 'freshness')[0].text).toContain('the request was passed: it is not stored')
  })

  vtc('what a page includes', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const page = await s.rx({ start: 'GET /page HTTP/1.1' })
      page.answer('<p><esi:include src="/part"/></p>', 'Cache-Control: max-age=60')
      const part = await s.rx({ start: 'GET /part HTTP/1.1' })
      part.answer('part', 'Cache-Control: max-age=60')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_backend_response { set beresp.do_esi = true; }' }))
    const told = await v1.explain('http://example.com/page')
    expect(reasons(told)).toEqual(['rxreq', 'fetch', 'esi', 'fetch'])
    expect(explanationText(told, false)).toContain('Include (ESI), request')
  })

  vtc('the directors of the rules are those that all requests share', async (t) => {
    const [a, b] = [await t.origin('a', answering), await t.origin('b', answering)]
    const vcl = `
import directors;
sub vcl_init { new d = directors.round_robin(); d.add_backend(a); d.add_backend(b); }
sub vcl_recv { set req.backend_hint = d.backend(); return (pass); }`
    const v1 = t.cache(await startCache({ origins: { a, b }, vcl }))
    const c1 = await t.connect('c1', v1)
    const ofBackend = (told: Explanation): string | undefined =>
      told.transactions
        .flatMap(({ entries }) => entries)
        .flatMap((entry) => (entry.is === 'record' && entry.tag === 'BackendOpen' ? [entry.text.split(' ')[1]] : []))[0]
    const first = ofBackend(await v1.explain(URL))
    await c1.ask('/a', {})
    expect(ofBackend(await v1.explain(URL))).toBe(first)
    await v1.explain(URL)
    expect(v1.counters()).toMatchObject({ 'VBE.boot.a.req': 2, 'VBE.boot.b.req': 2 })
  })
})

async function answering(s: { rx(): Promise<{ answer(body: string): void }> }): Promise<void> {
  for (let i = 0; i < 2; i++) (await s.rx()).answer('hello')
}

vtc('what is stale is validated: the condition, the 304, and the object that lives on', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const first = await s.rx()
    first.answer('hello', `Last-Modified: ${httpDate(-1000)}`)
    await s.rx({ fields: { 'if-modified-since': httpDate(-1000) } })
    s.tx('HTTP/1.1 304 Not Modified', `Last-Modified: ${httpDate(-1000)}`)
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/a', {})
  const fresh = await v1.explain(URL)
  expect(notes(fresh, 'lookup')[0].text).toContain('its lifetime was guessed (RFC 9111 section 4.2.2)')
  v1.advance(200_000)
  const told = await v1.explain(URL)
  expect(notes(told, 'lookup')[0].facts).toMatchObject({ outcome: 'miss', fwd: 'stale' })
  expect(notes(told, 'stored')[0].text[0]).toMatch(/^validated in store s0/)
  const text = explanationText(told, false)
  expect(text).toContain('it asks whether what is stored still holds (RFC 9111 section 4.3.1): If-Modified-Since:')
  expect(text).toContain('the backend answers 304: what is stored is confirmed (RFC 9111 section 4.3.3)')
})

vtc('a fetch that fails: of what, and that the answer is made here', async (t) => {
  const s1 = await t.origin('s1', () => Promise.resolve())
  await s1.close()
  const v1 = t.cache(await startCache(s1))
  const told = await v1.explain(URL)
  expect(told.outcome).toMatchObject({ state: 'complete', status: 503 })
  const text = explanationText(told, false)
  expect(text).toMatch(/ {4}the fetch failed: backend default: .*refused.*\n {4}it is answered here: 503\n/)
  expect(text).not.toMatch(/the backend (?:took|answers)|DOCTYPE/)
})

vtc('a large body is taken in turns, and counted to its last byte', async (t) => {
  const size = 5 * 2 ** 20 + 1
  const s1 = await t.origin('s1', async (s) => (await s.rx()).answer('x'.repeat(size), 'Cache-Control: max-age=60'))
  const v1 = t.cache(await startCache(s1))
  expect((await v1.explain(URL)).outcome).toMatchObject({ state: 'complete', body_bytes: size })
  expect((await v1.explain(URL)).outcome).toMatchObject({ state: 'complete', body_bytes: size })
  expect(v1.counters().cache_hit).toBe(1)
})

vtc('a page with more includes than can be told says so', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const page = await s.rx()
    page.answer('<esi:include src="/part"/>'.repeat(900), 'Cache-Control: max-age=60')
    const part = await s.rx()
    part.answer('.', 'Cache-Control: max-age=60')
  })
  const params = { max_esi_includes: '1000' }
  const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_backend_response { set beresp.do_esi = true; }', params }))
  const told = await v1.explain('http://example.com/page')
  expect(told.outcome).toMatchObject({ state: 'complete', body_bytes: 900 })
  expect(told.truncated).toBe(true)
  expect(explanationText(told, false)).toContain('More happened than is told here.')
})

vtc('a request that a listener would refuse is refused', async (t) => {
  const v1: TestCache = t.cache(await startCache({}))
  await expect(v1.explain('http://exa mple/', '-H', 'Host: a')).rejects.toThrow('not a URL')
  await expect(v1.explain('http://a/', '-H', 'Host: b', '-H', 'Host: c')).rejects.toThrow('the request is refused with 400')
})

vtc('when it is over the rules are not held any longer', async (t) => {
  const s1 = await t.origin('s1', async (s) => (await s.rx()).answer('hello'))
  const v1 = t.cache(await startCache(s1))
  const before = v1.rules.active.running
  await v1.explain(URL)
  expect(v1.rules.active.running).toBe(before)
})
