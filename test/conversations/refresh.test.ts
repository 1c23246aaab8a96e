import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'

/** "old" with an entity-tag, then 304s that say X-New, and whole responses where no condition was sent. */
async function scene(t: Conversation, vcl: string, ...lines: string[]) {
  const s1 = await t.origin('s1', (s) => {
    let whole = 0
    return s.forever(async () => {
      const { request } = await s.rx()
      if (request.field('If-None-Match') !== undefined)
        s.tx('HTTP/1.1 304 Not Modified', 'ETag: "a"', 'Cache-Control: max-age=50', 'X-New: 1', ...lines)
      else s.answer(`body ${++whole}`, 'ETag: "a"', 'Cache-Control: max-age=10', 'X-Old: 1')
    })
  })
  const v1 = t.cache(await startCache({ origin: s1, vcl }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', { status: 200, body: 'body 1', fields: { 'X-Old': '1', 'X-New': undefined } })
  v1.advance(11_000)
  return { s1, v1, c1 }
}

describe('vcl_backend_refresh', () => {
  vtc('return (merge): what is stored, with what the 304 says', async (t) => {
    const { c1, v1, s1 } = await scene(t, 'sub vcl_backend_refresh { return (merge); }')
    await c1.ask('/', { status: 200, body: 'body 1', fields: { 'X-Old': '1', 'X-New': '1' } })
    v1.advance(40_000)
    await c1.ask('/', { body: 'body 1', fields: { 'X-New': '1' } })
    expect(s1.seen.length).toBe(2)
  })

  vtc('return (obj_stale): as it was stored', async (t) => {
    const { c1, v1, s1 } = await scene(t, 'sub vcl_backend_refresh { return (obj_stale); }')
    await c1.ask('/', { status: 200, body: 'body 1', fields: { 'X-Old': '1', 'X-New': undefined } })
    v1.advance(11_000)
    await c1.ask('/', { body: 'body 1' })
    expect(s1.seen.length).toBe(3)
  })

  vtc('return (beresp): as the 304 says and rules have left it', async (t) => {
    const rules = 'sub vcl_backend_refresh { set beresp.http.X-Kept = obj_stale.http.X-Old; return (beresp); }'
    const { c1 } = await scene(t, rules)
    await c1.ask('/', { status: 200, body: 'body 1', fields: { 'X-Old': undefined, 'X-New': '1', 'X-Kept': '1' } })
  })

  vtc('rules see what is stored and what the 304 says of it', async (t) => {
    const rules = `sub vcl_backend_refresh {
        set beresp.http.X-Seen = obj_stale.status + " " + obj_stale.is_valid + " " + obj_stale.hits + " " + beresp.status + " " + beresp.ttl;
        set beresp.http.X-Times = (obj_stale.age >= 11s) + " " + (obj_stale.ttl < 0s) + " " + obj_stale.storage;
      }`
    const { c1 } = await scene(t, rules)
    await c1.ask('/', { status: 200, fields: { 'X-Seen': '200 true 0 304 50.000', 'X-Times': 'true true s0', 'X-New': '1' } })
  })

  vtc('return (retry) asks again, return (error) answers with a page, return (abandon) with none', async (t) => {
    const rules = `sub vcl_backend_refresh {
        if (bereq.http.X-Do == "retry" && bereq.retries == 0) { unset bereq.http.If-None-Match; return (retry); }
        if (bereq.http.X-Do == "error") { return (error(503, "No")); }
        if (bereq.http.X-Do == "abandon") { return (abandon); }
      }`
    const { c1 } = await scene(t, rules)
    await c1.ask('/', { status: 503, body: /503 No/ }, 'X-Do: error')
    await c1.ask('/', { status: 503 }, 'X-Do: abandon')
    await c1.ask('/', { status: 200, body: 'body 2' }, 'X-Do: retry')
  })

  vtc('what is purged while the origin is asked is not refreshed, but fetched anew', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body 1', 'ETag: "a"', 'Cache-Control: max-age=10')
      await s.rx({ fields: { 'If-None-Match': '"a"' } })
      asked = true
      await t.until('it is purged', () => purged)
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "a"')
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('body 2', 'ETag: "b"', 'Cache-Control: max-age=10')
    })
    let asked = false
    let purged = false
    const vcl = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } } sub vcl_backend_refresh { set beresp.http.X-Own = "1"; }'
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body 1' })
    v1.advance(11_000)
    c1.get('/')
    await t.until('the origin is asked', () => asked)
    const c2 = await t.connect('c2', v1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    purged = true
    await c1.rx({ status: 200, body: 'body 2' })
  })
})
