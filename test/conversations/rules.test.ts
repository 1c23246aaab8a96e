import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('rules', () => {
  vtc('beresp.ttl stores what the policy would not', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.ttl = 60s; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(59_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('resp.http.X-Varnish has two transactions at a hit, for the rules of shops that tell a hit by the blank', async (t) => {
    const vcl = `sub vcl_deliver { if (resp.http.X-Varnish ~ " ") { set resp.http.Debug = "HIT"; } else { set resp.http.Debug = "MISS"; }
      set resp.http.Own = req.xid; if (req.url == "/hidden") { unset resp.http.X-Varnish; } }`
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100', 'X-Varnish: 7 8'), vcl }))
    const c1 = await t.connect('c1', v1)
    const miss = await c1.ask('/', { fields: { Debug: 'MISS' } })
    expect(miss.field('X-Varnish')).toBe(miss.field('Own'))
    const hit = await c1.ask('/', { fields: { Debug: 'HIT' } })
    expect(hit.field('X-Varnish')).toMatch(new RegExp(`^${hit.field('Own')} [1-9][0-9]*$`))
    await c1.ask('/pass', { fields: { Debug: 'MISS' } }, 'Cache-Control: no-store')
    await c1.ask('/hidden', { fields: { Debug: 'MISS', 'X-Varnish': undefined } })
  })

  vtc('beresp.uncacheable passes what the policy would store', async (t) => {
    const vcl = 'sub vcl_backend_response { set beresp.uncacheable = true; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
    expect(v1.counters().cache_hitmiss).toBe(1)
  })

  vtc('return (pass(10s)) leaves a hit-for-pass: no lookup for ten seconds', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('1', 'Cache-Control: max-age=100', 'X-Pass: 1')
      await s.rx({ fields: { 'If-None-Match': '"mine"' } })
      s.answer('2', 'Cache-Control: max-age=100')
      await s.rx()
      s.answer('3', 'Cache-Control: max-age=100')
    })
    const v1 = t.cache(
      await startCache({ origin: s1, vcl: 'sub vcl_backend_response { if (beresp.http.X-Pass) { return (pass(10s)); } }' }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'If-None-Match: "mine"')
    expect(v1.counters().cache_hitpass).toBe(1)
    v1.advance(11_000)
    await c1.ask('/', { body: '3' })
    await c1.ask('/', { body: '3' })
  })

  vtc('std.rfc_ttl judges the response anew, as rules have left it', async (t) => {
    const vcl = `import std;
      sub vcl_backend_response {
        set beresp.http.Cache-Control = "max-age=30";
        std.rfc_ttl();
        set beresp.http.X-TTL = beresp.ttl;
      }`
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: no-store'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1', fields: { 'X-TTL': '30.000' } })
    v1.advance(29_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('req.max_age is another name of req.ttl: what is older is fetched anew', async (t) => {
    const vcl = 'sub vcl_recv { if (req.http.X-Young) { set req.max_age = 10s; set req.http.X-Same = req.ttl; } }'
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(11_000)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'X-Young: 1')
  })

  vtc('resp.* may be changed on each delivery without changing what is stored', async (t) => {
    const vcl = 'sub vcl_deliver { set resp.http.X-Hits = obj.hits; set resp.http.X-For = req.http.X-Me; unset resp.http.X-Secret; }'
    const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100', 'X-Secret: 1'), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { fields: { 'X-Hits': '0', 'X-For': 'a', 'X-Secret': undefined } }, 'X-Me: a')
    await c1.ask('/', { fields: { 'X-Hits': '1', 'X-For': 'b', 'X-Secret': undefined } }, 'X-Me: b')
    await c1.ask('/', { fields: { 'X-Hits': '2', 'X-For': 'c' } }, 'X-Me: c')
  })

  vtc('return (restart) goes through the rules again, with what they changed', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /new HTTP/1.1' })
      s.answer('found')
    })
    const vcl = `
      sub vcl_recv { if (req.restarts == 1) { set req.url = "/new"; } else { return (synth(700)); } }
      sub vcl_synth { if (resp.status == 700) { return (restart); } }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/old', { status: 200, body: 'found' })
  })

  vtc('restarts are bounded by max_restarts', async (t) => {
    const vcl = 'sub vcl_recv { return (restart); }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl, params: { max_restarts: '2' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
  })

  vtc('return (synth) answers by itself', async (t) => {
    const s1 = await numbered(t)
    const vcl = `
      sub vcl_recv { return (synth(302, "Over There")); }
      sub vcl_synth { set resp.http.Location = "https://" + req.http.host + req.url; set resp.body = "moved"; return (deliver); }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    const moved = { start: 'HTTP/1.1 302 Over There', fields: { Location: 'https://example.com/a?b' }, body: 'moved' }
    await c1.ask('/a?b', moved)
    expect([s1.connections, v1.counters().s_synth]).toEqual([0, 1])
  })

  vtc('req.backend_hint chooses the origin', async (t) => {
    const s1 = await numbered(t)
    const s2 = await t.origin('s2', async (s) => {
      await s.rx({ start: 'GET /api/x HTTP/1.1' })
      s.answer('from s2')
    })
    const vcl = 'sub vcl_recv { if (req.url ~ "^/api/") { set req.backend_hint = api; } }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, origins: { api: s2 }, vcl })))
    await c1.ask('/api/x', { body: 'from s2' })
    await c1.ask('/x', { body: '1' })
  })

  vtc('rules that fail for each request fill no disk: a line for each place in ten seconds, which counts the others', async (t) => {
    const vcl = [
      'import std;',
      'sub vcl_recv {',
      '  set req.http.X-Share = 100 / std.integer(req.http.X-Of, 0);',
      '  if (req.url ~ "^/no") { return (fail("no: " + req.url)); }',
      '}',
    ].join('\n')
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const ask = async (url: string, ...lines: string[]): Promise<void> => {
      const c = await t.connect('c1', v1)
      await c.ask(url, { status: 503 }, ...lines)
    }
    for (let i = 0; i < 3; i++) await ask(`/${i}`)
    for (let i = 0; i < 2; i++) await ask(`/no/${i}`, 'X-Of: 1')
    expect(v1.complaints).toEqual([
      expect.stringMatching(/^rules: .*zero.*\(/),
      expect.stringMatching(/^rules: no: \/no\/0 \(vcl_recv, test\.vcl:\d+:\d+\)$/),
    ])
    v1.advance(10_000)
    await ask('/4')
    await ask(`/no/${'x'.repeat(2000)}`, 'X-Of: 1')
    expect(v1.complaints.length).toBe(4)
    expect(v1.complaints[2]).toMatch(/ \(and 2 more since the last line\)$/)
    expect(v1.complaints[3]).toMatch(/^rules: no: \/no\/x+ \(vcl_recv, test\.vcl:\d+:\d+\) \(and 1 more since the last line\)$/)
    expect(v1.complaints[3].length).toBeLessThan(1100)
    expect(v1.log().filter(({ tag }) => tag === 'VCL_Error').length).toBe(7)
    expect(v1.log().filter(({ text }) => text === 'Failed from VCL')).toEqual([])
  })
})
