import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXAMPLES } from './examples.ts'
import { DISAGREEMENTS, Opinions } from './opinions.ts'
import { play } from './play.ts'
import type { Way } from './rfc9111/judge.ts'
import { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

/** Committed, so that every run of the suite is the same. `npm run model` takes others. */
const SEED = 20260101
const RUNS = 600

describe('the proxy and the model of RFC 9111', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await Rig.start()
  })
  afterAll(() => rig.close())

  test('whatever clients and origin say, every answer is one that the RFC permits', { timeout: 180_000 }, async () => {
    const ways = new Map<Way, number>()
    const opinions = new Opinions()
    await fc.assert(
      fc.asyncProperty(scenario, async (steps) => {
        for (const way of (await play(rig, steps, opinions.witness)).ways) ways.set(way, (ways.get(way) ?? 0) + 1)
      }),
      { seed: SEED, numRuns: RUNS, examples: EXAMPLES },
    )
    // It is a cache: what it is asked is answered in all the ways there are.
    expect(ways.get('reused')).toBeGreaterThan(RUNS / 2)
    expect(ways.get('validated')).toBeGreaterThan(RUNS / 5)
    expect(ways.get('stale')).toBeGreaterThan(RUNS / 50)
    expect(ways.get('made here')).toBeGreaterThan(RUNS / 20)
    expect(opinions.agreed).toBeGreaterThan(RUNS)
    expect(DISAGREEMENTS.map(({ what }) => what).filter((what) => !opinions.needed.has(what))).toEqual([])
  })
})

/** Rules that make a bad cache of it. A judge that lets one of them pass is no judge. */
const BAD: readonly [what: string, why: RegExp, vcl: string, params?: Record<string, string>][] = [
  ['one that forwards everything', /is fresh and was not reused/, 'sub vcl_recv { return (pass); }'],
  [
    'one that stores nothing',
    /is fresh and was not reused/,
    'sub vcl_backend_response { set beresp.uncacheable = true; return (deliver); }',
  ],
  [
    'one that never asks conditionally',
    /was not validated with/,
    'sub vcl_backend_fetch { unset bereq.http.If-None-Match; unset bereq.http.If-Modified-Since; }',
  ],
  ['one that asks about what it has not', /which nobody has/, 'sub vcl_backend_fetch { set bereq.http.If-None-Match = {""mine""}; }'],
  ['one that keeps things for an hour', /which nobody permits/, 'sub vcl_backend_response { set beresp.ttl = 1h; }'],
  [
    'one that keeps things for a second longer',
    /was reused: it is stale/,
    'sub vcl_backend_response { set beresp.ttl = beresp.ttl + 2s; }',
  ],
  ['one that serves stale responses', /which nobody permits/, 'sub vcl_backend_response { set beresp.grace = 1h; }'],
  [
    'one that does not serve stale responses when told to',
    /was not validated with|within its stale/,
    'sub vcl_backend_response { set beresp.grace = 0s; set beresp.keep = 0s; }',
  ],
  ['one that does not hear requests’ directives', /cache-control was not forwarded/, 'sub vcl_recv { unset req.http.Cache-Control; }'],
  ['one that takes variants for one another', /Vary selects another/, 'sub vcl_recv { set req.hash_ignore_vary = true; }'],
  ['one that does not see Vary', /vary is ""/, 'sub vcl_backend_response { unset beresp.http.Vary; }'],
  ['one that does not see Set-Cookie', /set-cookie is ""/, 'sub vcl_backend_response { unset beresp.http.Set-Cookie; }'],
  [
    'one that shares what is private',
    /cache-control is ""/,
    'sub vcl_backend_response { if (beresp.http.Cache-Control ~ "private") { unset beresp.http.Cache-Control; set beresp.ttl = 60s; } }',
  ],
  ['one that hides the age', /without Age/, 'sub vcl_deliver { unset resp.http.Age; }'],
  ['one that adds fields of its own', /x-served-by is "us"/, 'sub vcl_deliver { set resp.http.X-Served-By = "us"; }'],
  [
    'one that answers unsafe requests itself',
    /of the proxy’s own/,
    'sub vcl_recv { if (req.method == "DELETE") { return (synth(200)); } }',
  ],
  ['one that drops fields of requests', /cookie was not forwarded/, 'sub vcl_recv { unset req.http.Cookie; }'],
  [
    'one that stores what is for one user',
    /authorization was not forwarded/,
    'sub vcl_recv { set req.http.X-Auth = req.http.Authorization; unset req.http.Authorization; }',
  ],
  ['one that does as Varnish does', /Age is 0|is fresh and was not reused/, '', { policy: 'varnish' }],
]

describe('the judge condemns', () => {
  test.each(BAD)('%s', async (_, why, vcl, params) => {
    const rig = await Rig.start(params, vcl)
    const found = await fc.check(
      fc.asyncProperty(scenario, async (steps) => void (await play(rig, steps))),
      { seed: SEED, numRuns: RUNS, endOnFailure: true },
    )
    await rig.close()
    expect(String(found.errorInstance)).toMatch(why)
  })
})
