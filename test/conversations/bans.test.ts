import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

const AGE = 'Cache-Control: max-age=100'

/** BAN requests give an expression in X-Ban; the answer says what came of it. */
const RULES = `
import std;
sub vcl_recv {
  if (req.method == "BAN") {
    if (std.ban(req.http.X-Ban)) { return (synth(200, "Banned")); }
    return (synth(400, std.ban_error()));
  }
  if (req.method == "PLAIN") { ban(req.http.X-Ban); return (synth(200, "Done " + std.ban_error())); }
}
sub vcl_deliver { set resp.http.X-Hits = obj.hits; }`

async function scene(t: Conversation, ...lines: string[]) {
  const v1 = t.cache(await startCache({ origin: await numbered(t, AGE, ...lines), vcl: RULES }))
  const c1 = await t.connect('c1', v1)
  const ban = async (expression: string, method = 'BAN') => {
    c1.request(method, '/', `X-Ban: ${expression}`)
    return (await c1.rx()).start
  }
  return { v1, c1, ban }
}

const tags = (v1: TestCache, tag: string): string[] => v1.log().flatMap((record) => (record.tag === tag ? [record.text] : []))

describe('bans', () => {
  vtc('take out what they describe when it is asked for next, and nothing that is stored later', async (t) => {
    const { v1, c1, ban } = await scene(t)
    for (const url of ['/a', '/b', '/c']) await c1.ask(url, {})
    await c1.ask('/a', { body: '1' })
    expect(await ban('req.url ~ ^/[ab]$')).toMatch(/200 Banned/)
    await c1.ask('/c', { body: '3' })
    await c1.ask('/a', { body: '4' })
    await c1.ask('/a', { body: '4' })
    await c1.ask('/b', { body: '5' })
    expect(v1.counters()).toMatchObject({ bans_added: 1, bans_tested: 3, bans_tests_tested: 3, bans_obj_killed: 2, n_object: 3 })
    expect(tags(v1, 'ExpBan')).toEqual([expect.stringMatching(/^\d+ banned lookup$/), expect.stringMatching(/^\d+ banned lookup$/)])
  })

  vtc('ask for the response, too', async (t) => {
    const { c1, ban } = await scene(t, 'X-Kind: Picture')
    await c1.ask('/a', { body: '1' })
    await ban('obj.http.x-kind == Text')
    await c1.ask('/a', { body: '1' })
    await ban('obj.http.x-kind ~ ^Pic && obj.status == 200 && req.http.host == example.com')
    await c1.ask('/a', { body: '2' })
  })

  vtc('ask for ages, as they were when the ban was given', async (t) => {
    const { v1, c1, ban } = await scene(t)
    await c1.ask('/a', { body: '1' })
    v1.advance(10_000)
    await c1.ask('/b', { body: '2' })
    await ban('obj.age > 5s')
    v1.advance(20_000)
    await c1.ask('/b', { body: '2' })
    await c1.ask('/a', { body: '3' })
    await ban('obj.ttl > 90s')
    await c1.ask('/b', { body: '2' })
    await c1.ask('/a', { body: '4' })
  })

  vtc('and for the last hit', async (t) => {
    const { v1, c1, ban } = await scene(t)
    for (const url of ['/a', '/b']) await c1.ask(url, {})
    v1.advance(30_000)
    await c1.ask('/a', { body: '1' })
    v1.advance(10_000)
    await ban('obj.last_hit > 20s')
    await c1.ask('/a', { body: '1' })
    await c1.ask('/b', { body: '3' })
  })

  vtc('that are none are refused with the reason, by std.ban(); ban() writes it to the log', async (t) => {
    const { v1, c1, ban } = await scene(t)
    await c1.ask('/a', { body: '1' })
    expect(await ban('obj.state == 200')).toMatch(/400 Unknown or unsupported field "obj.state"; did you mean obj.status\?/)
    expect(await ban('req.url == /a &', 'PLAIN')).toMatch(/200 Done/)
    expect(tags(v1, 'VCL_Error')).toEqual(['ban(): Expected && between conditions, found "&"'])
    await c1.ask('/a', { body: '1' })
    expect(await ban('req.url == /a', 'PLAIN')).toMatch(/200 Done/)
    await c1.ask('/a', { body: '2' })
    expect(v1.counters()).toMatchObject({ bans_added: 1, bans_dups: 0 })
  })

  vtc('given twice are one', async (t) => {
    const { v1, c1, ban } = await scene(t)
    await c1.ask('/a', { body: '1' })
    for (let i = 0; i < 3; i++) await ban('req.url == /x')
    await c1.ask('/a', { body: '1' })
    expect(v1.counters()).toMatchObject({ bans_added: 3, bans_dups: 2, bans_tested: 1 })
  })

  vtc('that ask for the response only are worked off in the background', async (t) => {
    const { v1, c1, ban } = await scene(t, 'X-Kind: Picture')
    for (const url of ['/a', '/b']) await c1.ask(url, {})
    await ban('obj.http.x-kind == Picture')
    v1.advance(61_000)
    while (v1.upkeep.step() < 1000);
    v1.upkeep.step()
    expect(v1.counters()).toMatchObject({ n_object: 0, bans: 0, bans_lurker_obj_killed: 2, bans_deleted: 1, bans_tested: 0 })
    await c1.ask('/a', { body: '3' })
  })

  vtc('hold for what is stale: it is neither validated nor served in grace', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: max-age=1, stale-while-revalidate=100', 'ETag: "1"')
      const { request } = await s.rx()
      expect(request.field('if-none-match')).toBeUndefined()
      s.answer('new', AGE)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(5000)
    c1.request('BAN', '/', 'X-Ban: req.url == /')
    await c1.rx({ status: 200 })
    await c1.ask('/', { body: 'new' })
  })

  vtc('hold for what was being fetched when they were given: it is not found, and not handed to who came later', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('the ban is given', () => v1.counters().bans_added === 1)
      await t.until('the second waits', () => v1.counters().busy_sleep === 1)
      s.answer('old', AGE)
      await s.rx()
      s.answer('new', AGE)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const [c1, c2, c3] = await Promise.all(['c1', 'c2', 'c3'].map((name) => t.connect(name, v1)))
    c1.get('/')
    await t.until('it is being fetched', () => s1.seen.length === 1)
    c3.request('BAN', '/', 'X-Ban: req.url == /')
    await c3.rx({ status: 200 })
    c2.get('/')
    await c1.rx({ body: 'old' })
    await c2.rx({ body: 'new' })
    await c3.ask('/', { body: 'new' })
  })
})
