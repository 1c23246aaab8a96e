import { expect, test } from 'vitest'
import { meet } from '../privacy/crew.ts'

/**
 * Four users and some forty clients, two workers, every kind of response that says something about who may have it, all at once: what
 * is in an answer is the asker's, or somebody's whose response the origin has let everybody have. `npm run privacy` goes on for longer.
 */
const REQUESTS = 2000
/** What is given away to everybody shows sooner. */
const GIVEAWAY_REQUESTS = 600

test.each([
  ['rfc9111', 1],
  ['rfc9111', 2],
  ['varnish', 3],
] as const)('nobody sees what is another’s, policy=%s, seed %i', { timeout: 120_000 }, async (law, seed) => {
  const { wrongs, shared, asked, waited } = await meet(law, seed, REQUESTS)
  expect(wrongs).toEqual([])
  // They did meet: what was allowed was shared, and they waited for one another.
  expect(shared).toBeGreaterThan(REQUESTS / 20)
  expect(waited).toBeGreaterThan(REQUESTS / 100)
  expect(asked).toBeLessThan(REQUESTS * 1.2)
})

/** Rules that give away what is not theirs: a judge that lets one of them pass is no judge. */
test.each([
  [
    'private',
    'sub vcl_backend_response { if (beresp.http.Cache-Control ~ "private") { unset beresp.http.Cache-Control; set beresp.ttl = 9s; } }',
  ],
  ['what varies', 'sub vcl_backend_response { unset beresp.http.Vary; }'],
  ['cookies', 'sub vcl_backend_response { if (beresp.http.Set-Cookie) { set beresp.http.Cache-Control = "max-age=9"; } }'],
  [
    'what answers credentials',
    'sub vcl_backend_response { if (bereq.http.Authorization) { set beresp.http.Cache-Control = "public, max-age=9"; } }',
  ],
])('rules that share %s are found out', { timeout: 60_000 }, async (_, rules) => {
  expect((await meet('rfc9111', 4, GIVEAWAY_REQUESTS, rules)).wrongs.length).toBeGreaterThan(0)
})
