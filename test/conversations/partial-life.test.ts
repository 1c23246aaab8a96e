import { describe, expect } from 'vitest'
import { vtc } from '../kit/vtc.ts'
import { FORWARDED, part, ranged, TEN } from './ranged.ts'

/** How parts of a response grow old, and what rules see of them. */

describe('age and validation of a part', () => {
  vtc('stale, it is validated, and a 304 gives it a new life', async (t) => {
    const { origin, v1, c1 } = await ranged(t)
    await part(c1, 'bytes=-5', 5, 9)
    v1.advance(200_000)
    await part(c1, 'bytes=-5', 5, 9)
    await part(c1, 'bytes=-5', 5, 9)
    expect(v1.counters().fetch_304).toBe(1)
    await c1.ask('/', { status: 200, body: TEN })
    expect(origin.asked).toEqual(['bytes=-5', 'bytes=-5', 'bytes=0-4 if "v1"'])
  })

  vtc('stale and changed, a part of what there is now takes its place', async (t) => {
    const { origin, v1, c1 } = await ranged(t)
    await part(c1, 'bytes=-5', 5, 9)
    v1.advance(200_000)
    origin.tag = '"v2"'
    origin.body = 'abcdefghij'
    await part(c1, 'bytes=-5', 5, 9, 'abcdefghij')
    await part(c1, 'bytes=-5', 5, 9, 'abcdefghij')
    await c1.ask('/', { status: 200, body: 'abcdefghij' })
    expect(origin.asked).toEqual(['bytes=-5', 'bytes=-5', 'bytes=0-4 if "v2"'])
  })

  vtc('stale, it may be served while it is refreshed, to who wants what is there', async (t) => {
    const { v1, c1 } = await ranged(t, { lines: ['Cache-Control: max-age=10, stale-while-revalidate=100'] })
    await part(c1, 'bytes=-5', 5, 9)
    v1.advance(20_000)
    await c1.ask('/', { status: 206, body: '89', fields: { Age: '20' } }, 'Range: bytes=8-9')
    await t.until('it is refreshed', () => v1.counters().fetch_304 === 1)
    await c1.ask('/', { status: 206, body: '89', fields: { Age: '0' } }, 'Range: bytes=8-9')
    await c1.ask('/', { status: 200, body: TEN })
  })

  vtc('stale, it stands in for an origin that is down, to who wants what is there', async (t) => {
    const { s1, v1, c1 } = await ranged(t, { lines: ['Cache-Control: max-age=10, stale-if-error=1000'] })
    await part(c1, 'bytes=-5', 5, 9)
    v1.advance(20_000)
    await s1.down()
    await part(c1, 'bytes=-2', 8, 9)
    await c1.ask('/', { status: 503 }, 'Range: bytes=2-6')
    await c1.ask('/', { status: 503 })
  })

  vtc('variants have parts of their own', async (t) => {
    const { origin, c1 } = await ranged(t, { lines: ['Cache-Control: max-age=100', 'Vary: X'] })
    for (const x of ['1', '2']) await c1.ask('/', { status: 206, body: '89' }, 'Range: bytes=8-9', `X: ${x}`)
    for (const x of ['1', '2']) await c1.ask('/', { status: 206, body: '9' }, 'Range: bytes=9-9', `X: ${x}`)
    for (const x of ['1', '2']) await c1.ask('/', { status: 200, body: TEN }, `X: ${x}`)
    expect(origin.asked).toEqual(['bytes=8-9', 'bytes=8-9', 'bytes=0-7 if "v1"', 'bytes=0-7 if "v1"'])
  })
})

describe('rules', () => {
  vtc('a purge takes all parts', async (t) => {
    const { origin, c1 } = await ranged(t, { vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' })
    await part(c1, 'bytes=0-3', 0, 3)
    await part(c1, 'bytes=6-7', 6, 7)
    c1.tx('PURGE / HTTP/1.1', 'Host: example.com')
    await c1.rx({ status: 200 })
    await part(c1, 'bytes=6-7', 6, 7)
    await part(c1, 'bytes=0-3', 0, 3)
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=6-7 if "v1"', 'bytes=6-7', 'bytes=0-3 if "v1"'])
  })

  vtc('a ban takes all parts, by what the response has said', async (t) => {
    const { origin, c1 } = await ranged(t, {
      lines: ['Cache-Control: max-age=100', 'X-Kind: a'],
      vcl: 'sub vcl_recv { if (req.method == "BAN") { ban("obj.http.X-Kind == a && obj.status == 200"); return (synth(200)); } }',
    })
    await part(c1, 'bytes=0-3', 0, 3)
    await part(c1, 'bytes=6-7', 6, 7)
    c1.tx('BAN / HTTP/1.1', 'Host: example.com')
    await c1.rx({ status: 200 })
    await part(c1, 'bytes=6-7', 6, 7)
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=6-7 if "v1"', 'bytes=6-7'])
  })

  vtc('a soft purge by tag has it validated: it stays', async (t) => {
    const { origin, v1, c1 } = await ranged(t, {
      lines: ['Cache-Control: max-age=100', 'Xkey: some'],
      vcl: 'import xkey; sub vcl_recv { if (req.method == "PURGE") { set req.http.N = xkey.softpurge("some"); return (synth(200)); } }',
    })
    await part(c1, 'bytes=0-3', 0, 3)
    c1.tx('PURGE / HTTP/1.1', 'Host: example.com')
    await c1.rx({ status: 200 })
    await part(c1, 'bytes=0-3', 0, 3)
    await part(c1, 'bytes=0-3', 0, 3)
    expect(v1.counters().fetch_304).toBe(1)
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=0-3'])
  })

  vtc('see the Range in vcl_backend_fetch, and take it off for the whole', async (t) => {
    const { origin, c1 } = await ranged(t, { vcl: 'sub vcl_backend_fetch { unset bereq.http.Range; }' })
    await part(c1, 'bytes=-5', 5, 9)
    expect(origin.asked).toEqual(['whole'])
    await c1.ask('/', { status: 200, body: TEN })
  })

  vtc('see a 206 in vcl_backend_response, and a 200 afterwards', async (t) => {
    const vcl = `
      sub vcl_backend_response { set beresp.http.Was = beresp.status + " " + beresp.http.Content-Range; }
      sub vcl_hit { set req.http.Obj = obj.status + " " + obj.http.Content-Range + " " + obj.hits; }
      sub vcl_deliver { set resp.http.Saw = resp.status + " " + resp.http.Content-Range + "|" + req.http.Obj; }`
    const { c1 } = await ranged(t, { vcl })
    await c1.ask('/', { status: 206, body: '56789', fields: { Was: '206 bytes 5-9/10', Saw: '200 |' } }, 'Range: bytes=-5')
    await c1.ask('/', { status: 206, body: '9', fields: { Was: '206 bytes 5-9/10', Saw: '200 |200  1' } }, 'Range: bytes=-1')
  })

  vtc('that change what is asked for after it was looked up get no part for a whole', async (t) => {
    const { c1 } = await ranged(t, { vcl: 'sub vcl_deliver { if (req.http.X) { unset req.http.Range; } }' })
    await part(c1, 'bytes=-5', 5, 9)
    await c1.ask('/', { status: 503 }, 'Range: bytes=-5', 'X: 1')
  })

  vtc('that pass have the Range passed on as it is', async (t) => {
    const { origin, c1 } = await ranged(t, { vcl: 'sub vcl_recv { return (pass); }' })
    for (const range of ['bytes=2-4', 'bytes=2-4']) await part(c1, range, 2, 4)
    await c1.ask('/', { status: 206 }, 'Range: bytes=0-0', 'If-Range: "v1"')
    expect(origin.asked).toEqual(['bytes=2-4', 'bytes=2-4', 'bytes=0-0 if "v1"'])
  })

  vtc('under policy=varnish the whole is fetched, and a 206 is not stored', async (t) => {
    const { origin, c1 } = await ranged(t, { params: { ...FORWARDED, policy: 'varnish' } })
    await part(c1, 'bytes=-5', 5, 9)
    await part(c1, 'bytes=2-4', 2, 4)
    expect(origin.asked).toEqual(['whole'])
  })

  vtc('http_range_support=off: no ranges at all', async (t) => {
    const { origin, c1 } = await ranged(t, { params: { ...FORWARDED, http_range_support: 'off' } })
    await c1.ask('/', { status: 200, body: TEN }, 'Range: bytes=-5')
    expect(origin.asked).toEqual(['whole'])
  })
})
