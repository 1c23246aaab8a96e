import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

/** The rules that the module's manual page shows, around the call that is tested. */
function rules(call: string): string {
  return `
import purge;
sub vcl_recv { if (req.method == "PURGE") { set req.method = "GET"; set req.http.Purge = "1"; return (hash); } }
sub my_purge { set req.http.Purged = ${call}; return (synth(200, req.http.Purged)); }
sub vcl_hit { if (req.http.Purge) { call my_purge; } }
sub vcl_miss { if (req.http.Purge) { call my_purge; } }
sub vcl_backend_response { set beresp.ttl = 60s; set beresp.grace = 60s; set beresp.keep = 60s; }
sub vcl_deliver {
  set resp.http.Left = obj.ttl + " " + obj.grace + " " + obj.keep;
}`
}

async function scene(t: Conversation, call: string, ...lines: string[]): Promise<{ v1: TestCache; c1: Client }> {
  const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=60', ...lines), vcl: rules(call) }))
  return { v1, c1: await t.connect('c1', v1) }
}

async function purge(c1: Client, objects: number, ...lines: string[]): Promise<void> {
  c1.request('PURGE', '/', ...lines)
  await c1.rx({ start: `HTTP/1.1 200 ${objects}` })
}

describe('purge.hard()', () => {
  vtc('from vcl_hit, and from vcl_miss: all variants, and how many', async (t) => {
    const { v1, c1 } = await scene(t, 'purge.hard()', 'Vary: X-Kind')
    await purge(c1, 0)
    for (const kind of ['1', '2']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
    await purge(c1, 2, 'X-Kind: 1')
    for (const kind of ['3', '4']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
    await purge(c1, 2, 'X-Kind: none')
    await c1.ask('/', { body: '5' }, 'X-Kind: 1')
    expect(v1.counters()).toMatchObject({ n_purges: 3, n_obj_purged: 4 })
  })

  vtc('the fetch that follows it in vcl_miss is stored', async (t) => {
    const vcl = 'import purge; sub vcl_miss { set req.http.n = purge.hard(); }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=60'), vcl })))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' })
  })

  vtc('the object that vcl_hit delivers after it is whole', async (t) => {
    const vcl = 'import purge; sub vcl_hit { set req.http.n = purge.hard(); }'
    const body = 'x'.repeat(200_000)
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        await s.rx()
        s.answer(body, 'Cache-Control: max-age=60')
      }),
    )
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 4; i++) await c1.ask('/', { status: 200, body })
    expect(v1.counters()).toMatchObject({ n_obj_purged: 2, cache_miss: 2 })
  })
})

/** As the module's manual page has them: seconds that the object has lived, and what is left of it. */
const LIVES: readonly [call: string, age_s: number, left: string][] = [
  ['purge.soft()', 20, '0.000 60.000 60.000'],
  ['purge.soft(0s, -1s, -1s)', 20, '0.000 60.000 60.000'],
  ['purge.soft(0s, 10s, 10s)', 20, '0.000 10.000 10.000'],
  ['purge.soft(0s, 10s, 10s)', 65, '-5.000 10.000 10.000'],
  ['purge.soft(10s, -1s, -1s)', 5, '10.000 60.000 60.000'],
  ['purge.soft(10s, -1s, -1s)', 55, '5.000 60.000 60.000'],
  ['purge.soft(10s, -1s, -1s)', 65, '-5.000 60.000 60.000'],
  ['purge.soft(-1s, 100s, 1s)', 5, '55.000 60.000 1.000'],
  ['purge.soft(keep = 5s)', 5, '0.000 60.000 5.000'],
]

describe('purge.soft()', () => {
  for (const [call, age_s, left] of LIVES) {
    vtc(`${call} of an object that is ${age_s} s old leaves ${left}`, async (t) => {
      const { v1, c1 } = await scene(t, call)
      await c1.ask('/', { body: '1', fields: { Left: '60.000 60.000 60.000' } })
      v1.advance(age_s * 1000)
      await purge(c1, 1)
      await c1.ask('/', { body: '1', fields: { Left: left } })
      expect(v1.counters()).toMatchObject({ n_purges: 1, n_obj_softpurged: 1, n_obj_purged: 0 })
    })
  }

  vtc('all three 0 is a purge for good', async (t) => {
    const { c1 } = await scene(t, 'purge.soft(0s, 0s, 0s)')
    await c1.ask('/', { body: '1' })
    await purge(c1, 1)
    await c1.ask('/', { body: '2' })
  })

  vtc('from vcl_miss, too, of all variants', async (t) => {
    const { v1, c1 } = await scene(t, 'purge.soft()', 'Vary: X-Kind')
    for (const kind of ['1', '2']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
    await purge(c1, 2, 'X-Kind: none')
    for (const kind of ['1', '2']) await c1.ask('/', { body: kind }, `X-Kind: ${kind}`)
    expect(v1.counters().cache_hit_grace).toBe(2)
    await t.until('both were fetched', () => v1.counters().s_bgfetch === 2 && v1.counters().fetch_length === 4)
  })

  vtc('what is being fetched is stale when it is stored, and no other key is', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('other', 'Cache-Control: max-age=60')
      await s.rx()
      await t.until('it was purged', () => v1.counters().n_purges === 1)
      s.answer('old', 'Cache-Control: max-age=60')
      await s.rx()
      s.answer('new', 'Cache-Control: max-age=60')
    })
    // Not to wait for the fetch that it is to purge.
    const vcl = `sub vcl_recv { if (req.method == "PURGE") { set req.hash_ignore_busy = true; } } ${rules('purge.soft()')}`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/other', { body: 'other' })
    c1.get('/')
    await t.until('it is fetched', () => v1.counters().s_fetch === 2)
    await purge(c2, 0)
    await c1.rx({ body: 'old' })
    await c1.ask('/', { body: 'old', fields: { Left: '0.000 60.000 60.000' } })
    await t.until('it was fetched', () => v1.counters().fetch_length === 3)
    await c1.ask('/', { body: 'new' })
    await c1.ask('/other', { body: 'other', fields: { Left: '60.000 60.000 60.000' } })
  })

  for (const sub of ['recv', 'deliver', 'backend_response']) {
    vtc(`is refused in vcl_${sub}`, async (t) => {
      const vcl = `import purge; sub vcl_${sub} { ${sub.startsWith('b') ? 'bereq' : 'req'}.http.n = purge.soft(); }`.replace(
        ' { ',
        ' { set ',
      )
      await expect(startCache({ origin: await numbered(t), vcl })).rejects.toThrow(/purge\.soft/)
    })
  }
})
