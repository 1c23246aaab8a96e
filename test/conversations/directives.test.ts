import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import { vtc } from '../kit/vtc.ts'

/** Directive by directive and field by field: is a stored response used again under the one policy, and under the other? */

/** The stored answer, or one that was made for the second request. */
type Outcome = 'stored' | 'new'

interface Row {
  readonly what: string
  readonly lines: readonly string[]
  /** Seconds between the two requests. */
  readonly later: number
  /** Of the second one. */
  readonly ask?: readonly string[]
  readonly rfc9111: Outcome
  readonly varnish: Outcome
}

function row(what: string, lines: readonly string[], later: number, rfc9111: Outcome, varnish: Outcome, ...ask: readonly string[]): Row {
  return { what, lines, later, rfc9111, varnish, ask }
}

/** Cache-Control and nothing else. */
function said(value: string, later: number, rfc9111: Outcome, varnish: Outcome): Row {
  return row(`${value}, after ${later} s`, [`Cache-Control: ${value}`], later, rfc9111, varnish)
}

/** All rows side by side, each with a URL of its own: first requests, then second ones as time goes by. */
function play(policy: 'rfc9111' | 'varnish', rows: readonly Row[]): void {
  vtc(`${rows.length} responses under policy=${policy}`, async (t) => {
    const seen = rows.map(() => 0)
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        const i = Number(/ \/(\d+) /.exec(request.start)?.[1])
        s.answer(String(++seen[i]), ...rows[i].lines)
      }),
    )
    const v1 = t.cache(await startCache({ origin: s1, params: { policy } }))
    const c1 = await t.connect('c1', v1)
    for (const i of rows.keys()) await c1.ask(`/${i}`, { body: '1' })
    let now = 0
    const outcomes = rows.map(({ what }) => `${what}: not asked`)
    for (const [i, { what, later, ask = [] }] of [...rows.entries()].sort(([, a], [, b]) => a.later - b.later)) {
      v1.advance((later - now) * 1000)
      now = later
      const { body } = await c1.ask(`/${i}`, {}, ...ask)
      outcomes[i] = `${what}: ${body === '1' ? 'stored' : 'new'}`
    }
    expect(outcomes).toEqual(rows.map((wanted) => `${wanted.what}: ${wanted[policy]}`))
  })
}

// policy=varnish answers from what is stale for default_grace, ten seconds, and from what says nothing for two minutes.
const RESPONSES: readonly Row[] = [
  said('max-age=10', 9, 'stored', 'stored'),
  said('max-age=10', 11, 'new', 'stored'),
  said('max-age=10', 21, 'new', 'new'),
  said('max-age=0', 0, 'new', 'new'),
  said('s-maxage=30, max-age=1', 20, 'stored', 'stored'),
  said('s-maxage=1, max-age=100', 20, 'new', 'new'),
  said('max-age=1, max-age=100', 20, 'new', 'new'),
  said('max-age="60"', 20, 'stored', 'new'),
  said('max-age=60x', 0, 'new', 'new'),
  said('max-age=-60', 0, 'new', 'new'),
  said('max-age=99999999999', 3_000, 'stored', 'stored'),
  said('MAX-AGE=60, unknown="a, no-store"', 20, 'stored', 'new'),
  said('no-store, max-age=60', 0, 'new', 'new'),
  said('no-cache, max-age=60', 0, 'new', 'new'),
  said('private, max-age=60', 0, 'new', 'new'),
  said('no-cache="X-A", max-age=60', 20, 'stored', 'new'),
  said('private="X-A", max-age=60', 20, 'stored', 'new'),
  said('no-store, must-understand, max-age=60', 20, 'stored', 'new'),
  said('must-revalidate, max-age=10', 15, 'new', 'stored'),
  said('proxy-revalidate, max-age=10', 15, 'new', 'stored'),
  said('no-transform, max-age=60', 20, 'stored', 'stored'),
  said('stale-while-revalidate=30, max-age=10', 35, 'stored', 'stored'),
  said('stale-while-revalidate=30, max-age=10', 45, 'new', 'new'),
  said('stale-while-revalidate=30, must-revalidate, max-age=10', 35, 'new', 'stored'),
  row('neither a lifetime nor a validator', [], 60, 'new', 'stored'),
  row('a tenth of the time since Last-Modified', [`Last-Modified: ${httpDate(-1000)}`], 99, 'stored', 'stored'),
  row('more than that', [`Last-Modified: ${httpDate(-1000)}`], 110, 'new', 'stored'),
  row(
    'public, for a status that is not cacheable by default',
    ['HTTP/1.1 599 ?', `Last-Modified: ${httpDate(-1000)}`, 'Cache-Control: public'],
    50,
    'stored',
    'new',
  ),
  row('the same without public', ['HTTP/1.1 599 ?', `Last-Modified: ${httpDate(-1000)}`], 0, 'new', 'new'),
  row('a 403 with a lifetime', ['HTTP/1.1 403 No', 'Cache-Control: max-age=60'], 20, 'stored', 'new'),
  row('a future Expires', [`Date: ${httpDate(0)}`, `Expires: ${httpDate(60)}`], 50, 'stored', 'stored'),
  row('a past Expires', [`Date: ${httpDate(0)}`, `Expires: ${httpDate(-1)}`], 0, 'new', 'new'),
  row('an Expires that is no date', ['Expires: 0'], 60, 'new', 'stored'),
  row('two of them: the first counts', [`Expires: ${httpDate(-1)}`, `Expires: ${httpDate(60)}`], 0, 'new', 'new'),
  row('Age within max-age', ['Age: 40', 'Cache-Control: max-age=60'], 15, 'stored', 'stored'),
  row('Age beyond it', ['Age: 40', 'Cache-Control: max-age=60'], 35, 'new', 'new'),
  row('an Age that is no number', ['Age: 99.9', 'Cache-Control: max-age=60'], 15, 'stored', 'new'),
  row('several Ages: the first counts', ['Age: 0, 99', 'Age: 99', 'Cache-Control: max-age=60'], 15, 'stored', 'stored'),
  row('an Age of centuries', ['Age: 99999999999', 'Cache-Control: max-age=60'], 0, 'new', 'new'),
  row('an old Date', [`Date: ${httpDate(-99)}`, 'Cache-Control: max-age=60'], 0, 'new', 'stored'),
  row('a Date to come', [`Date: ${httpDate(9999)}`, 'Cache-Control: max-age=60'], 50, 'stored', 'stored'),
  row('Vary: *', ['Vary: *', 'Cache-Control: max-age=60'], 0, 'new', 'new'),
  row('* in a list', ['Vary: Accept, *', 'Cache-Control: max-age=60'], 0, 'new', 'new'),
  row('a Vary that cannot be read', ['Vary: a b', 'Cache-Control: max-age=60'], 0, 'new', 'new'),
  row('Set-Cookie and max-age', ['Set-Cookie: a=b', 'Cache-Control: max-age=60'], 20, 'stored', 'new'),
  row('Pragma means nothing in a response', ['Pragma: no-cache', 'Cache-Control: max-age=60'], 20, 'stored', 'stored'),
]

const FRESH = ['Cache-Control: max-age=60']
const STALE = ['Cache-Control: max-age=10']

/** Twenty seconds after a response with max-age=60, unless told otherwise. */
const REQUESTS: readonly Row[] = [
  row('no-cache', FRESH, 20, 'new', 'stored', 'Cache-Control: no-cache'),
  row('no-cache where the response is immutable', ['Cache-Control: max-age=60, immutable'], 20, 'new', 'stored', 'Cache-Control: no-cache'),
  row('max-age=0', FRESH, 20, 'new', 'stored', 'Cache-Control: max-age=0'),
  row('max-age=10', FRESH, 20, 'new', 'stored', 'Cache-Control: max-age=10'),
  row('max-age=30', FRESH, 20, 'stored', 'stored', 'Cache-Control: max-age=30'),
  row('min-fresh=50', FRESH, 20, 'new', 'stored', 'Cache-Control: min-fresh=50'),
  row('min-fresh=30', FRESH, 20, 'stored', 'stored', 'Cache-Control: min-fresh=30'),
  row('no-store: what is stored may be used', FRESH, 20, 'stored', 'stored', 'Cache-Control: no-store'),
  row('only-if-cached', FRESH, 20, 'stored', 'stored', 'Cache-Control: only-if-cached'),
  row('max-stale', STALE, 300, 'stored', 'new', 'Cache-Control: max-stale'),
  row('max-stale=20', STALE, 25, 'stored', 'new', 'Cache-Control: max-stale=20'),
  row('max-stale=10', STALE, 25, 'new', 'new', 'Cache-Control: max-stale=10'),
  row('max-stale and max-age', STALE, 25, 'new', 'new', 'Cache-Control: max-stale=20, max-age=20'),
  row('max-stale against must-revalidate', ['Cache-Control: max-age=10, must-revalidate'], 25, 'new', 'new', 'Cache-Control: max-stale=20'),
  row('max-stale against no-cache', ['Cache-Control: no-cache, max-age=10'], 25, 'new', 'new', 'Cache-Control: max-stale=20'),
  row('no-transform', FRESH, 20, 'stored', 'stored', 'Cache-Control: no-transform'),
  row('an unknown directive', FRESH, 20, 'stored', 'stored', 'Cache-Control: nonsense=1'),
  row('Pragma is deprecated, and not heard', FRESH, 20, 'stored', 'stored', 'Pragma: no-cache'),
  row('Cookie', FRESH, 20, 'stored', 'new', 'Cookie: a=b'),
  row('Authorization: what was stored for all', FRESH, 20, 'stored', 'new', 'Authorization: Basic x'),
]

for (const policy of ['rfc9111', 'varnish'] as const) {
  describe(`what a response says, policy=${policy}`, () => play(policy, RESPONSES))
  describe(`what a request says, policy=${policy}`, () => play(policy, REQUESTS))
}

describe('stale only where it is allowed (RFC 9111 section 4.2.4)', () => {
  const rows: [said: string, ask: string, status: number, closed: number][] = [
    // When the origin answers 503, and when it does not answer.
    ['max-age=10', 'X: y', 503, 200],
    ['max-age=10, stale-if-error=60', 'X: y', 200, 200],
    ['max-age=10, stale-if-error=1', 'X: y', 503, 200],
    ['max-age=10', 'Cache-Control: stale-if-error=60', 200, 200],
    ['max-age=10', 'Cache-Control: no-cache', 503, 503],
    ['max-age=10, must-revalidate, stale-if-error=60', 'X: y', 503, 503],
    ['max-age=10, proxy-revalidate, stale-if-error=60', 'X: y', 503, 503],
    ['s-maxage=10, stale-if-error=60', 'X: y', 503, 503],
    ['max-age=10, no-cache, stale-if-error=60', 'X: y', 503, 503],
  ]
  for (const [value, ask, status, closed] of rows) {
    vtc(`${value}; ${ask}: ${status} for a 503 of the origin, ${closed} when it is not to be reached`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer('old', `Cache-Control: ${value}`, 'ETag: "1"')
        await s.rx()
        s.answer('busy', 'HTTP/1.1 503 Busy')
        await s.forever(async () => {
          await s.rx()
          s.close()
        })
      })
      const v1 = t.cache(await startCache(s1))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: 'old' })
      v1.advance(13_000)
      await answered(c1, status, ask)
      await answered(c1, closed, ask)
    })
  }
})

async function answered(client: Client, status: number, ask: string): Promise<void> {
  await client.ask('/', status === 200 ? { status, body: 'old', fields: { Age: '13' } } : { status }, ask)
}
