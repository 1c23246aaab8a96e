import { describe, expect, test } from 'vitest'
import {
  NO_DIRECTIVES,
  NO_RESPONSE_DIRECTIVES,
  parseRequestDirectives,
  parseResponseDirectives,
  type RequestDirectives,
  type ResponseDirectives,
} from '../../../src/policy/directives.ts'
import { fields } from './given.ts'

const MAX = 2 ** 31 * 1000

describe('Cache-Control of a response', () => {
  const rows: [value: string | string[], expected: Partial<ResponseDirectives>][] = [
    ['', {}],
    [',, ,', {}],
    ['max-age=60', { max_age_ms: 60_000 }],
    ['MaX-aGe=60', { max_age_ms: 60_000 }],
    ['  max-age=60 ', { max_age_ms: 60_000 }],
    ['\tmax-age=60\t,\tpublic', { max_age_ms: 60_000, public: true }],
    ['max-age="60"', { max_age_ms: 60_000 }],
    ['max-age="6\\0"', { max_age_ms: 60_000 }],
    ['max-age=003600', { max_age_ms: 3_600_000 }],
    ['max-age=0', { max_age_ms: 0 }],
    // Overflow saturates, RFC 9111 section 1.2.2.
    ['max-age=2147483647', { max_age_ms: 2147483647_000 }],
    ['max-age=2147483648', { max_age_ms: MAX }],
    ['max-age=99999999999', { max_age_ms: MAX }],
    [`max-age=${'9'.repeat(5000)}`, { max_age_ms: MAX }],
    // Invalid freshness is stale, section 4.2.1.
    ['max-age', { max_age_ms: 0 }],
    ['max-age=', { max_age_ms: 0 }],
    ['max-age=""', { max_age_ms: 0 }],
    ['max-age=-60', { max_age_ms: 0 }],
    ['max-age=+60', { max_age_ms: 0 }],
    ['max-age=60.0', { max_age_ms: 0 }],
    ['max-age=60.5', { max_age_ms: 0 }],
    ['max-age=1e3', { max_age_ms: 0 }],
    ['max-age=0x10', { max_age_ms: 0 }],
    ['max-age=a60', { max_age_ms: 0 }],
    ['max-age=60a', { max_age_ms: 0 }],
    ["max-age='60'", { max_age_ms: 0 }],
    ['max-age =60', { max_age_ms: 0 }],
    ['max-age= 60', { max_age_ms: 0 }],
    ['max-age="60', { max_age_ms: 0 }],
    ['max-age="60"7', { max_age_ms: 0 }],
    ['max-age=60 70', { max_age_ms: 0 }],
    ['max-age=1;2', { max_age_ms: 0 }],
    ['s-maxage=x, max-age=60', { s_maxage_ms: 0, max_age_ms: 60_000 }],
    // Of several the first counts.
    ['max-age=1, max-age=60', { max_age_ms: 1000 }],
    ['max-age=60, max-age=1', { max_age_ms: 60_000 }],
    [['max-age=60', 'max-age=1'], { max_age_ms: 60_000 }],
    ['max-age=x, max-age=60', { max_age_ms: 0 }],
    [['max-age=60', 's-maxage=1'], { max_age_ms: 60_000, s_maxage_ms: 1000 }],
    // What is quoted is not a directive.
    ['extension="max-age=3600", max-age=1', { max_age_ms: 1000 }],
    ['max-age=1, extension="max-age=3600"', { max_age_ms: 1000 }],
    ['extension="no-store, private", public', { public: true }],
    ['extension="a\\", no-store, b", public', { public: true }],
    // Behind a quote that nothing closes stands what may have been meant: it forbids, and permits nothing.
    ['extension="open, no-store', { no_store: true }],
    ['extension="open, no-store, must-understand, public, max-age=5, s-maxage=5, must-revalidate', { no_store: true }],
    ['max-age=60, extension="open, private, no-cache', { max_age_ms: 60_000, private: true, no_cache: true }],
    ['max-age="60, private', { max_age_ms: 0, private: true }],
    ['extension="a", public, extension="\\", public', { public: true }],
    // Unknown ones are ignored, section 5.2.3.
    ['foobar, max-age=60, x=y', { max_age_ms: 60_000 }],
    ['max-agex=60', {}],
    ['xmax-age=60', {}],
    ['=60', {}],
    ['max-age:60', {}],
    // Those without argument.
    ['No-StOrE', { no_store: true }],
    ['no-store=yes', { no_store: true }],
    ['no-store ', { no_store: true }],
    ['no-storex', {}],
    [
      'must-revalidate, proxy-revalidate,must-understand , no-transform,immutable',
      { must_revalidate: true, proxy_revalidate: true, must_understand: true, no_transform: true, immutable: true },
    ],
    // Field lists. One that is empty or broken counts as if it were not there: the directive holds for all.
    ['no-cache', { no_cache: true }],
    ['private', { private: true }],
    ['no-cache="Set-Cookie, X-A"', { unshared: ['set-cookie', 'x-a'] }],
    ['private="x-a", no-cache=x-b', { unshared: ['x-a', 'x-b'] }],
    ['private=""', { private: true }],
    ['private=","', { private: true }],
    ['private="x-a', { private: true }],
    ['private="*"', { private: true }],
    ['no-cache=*', { no_cache: true }],
    ['private="x-a, all of it"', { private: true }],
    ['no-cache="x-a"y', { no_cache: true }],
    ['no-cache="x-a", no-cache', { no_cache: true, unshared: ['x-a'] }],
    [`private="${'a,'.repeat(100)}"`, { private: true }],
    // Without these the stored response would be another: for everybody, or fresh for ever.
    ['private="Vary"', { private: true }],
    ['no-cache="x-a, Cache-Control"', { no_cache: true }],
    ['private="age", no-cache="date"', { private: true, no_cache: true }],
    // RFC 5861. A permission that cannot be read permits nothing.
    ['stale-while-revalidate=5, stale-if-error=6', { stale_while_revalidate_ms: 5000, stale_if_error_ms: 6000 }],
    ['stale-while-revalidate', {}],
    ['stale-while-revalidate=x, stale-while-revalidate=3', { stale_while_revalidate_ms: 3000 }],
    ['stale-if-error=-1', {}],
  ]
  test.each(rows)('%j', (value, expected) => {
    const sent = [value].flat().map((line) => `Cache-Control: ${line}`)
    expect(parseResponseDirectives(fields(...sent))).toEqual({ ...NO_RESPONSE_DIRECTIVES, ...expected })
  })

  test('absent: one shared answer, and Pragma changes nothing (section 5.4)', () => {
    expect(parseResponseDirectives(fields('Pragma: no-cache'))).toBe(NO_RESPONSE_DIRECTIVES)
    expect(Object.isFrozen(NO_RESPONSE_DIRECTIVES)).toBe(true)
  })
})

describe('Cache-Control of a request', () => {
  const rows: [value: string | string[], expected: Partial<RequestDirectives>][] = [
    ['no-cache', { no_cache: true }],
    ['NO-CACHE', { no_cache: true }],
    ['no-store', { no_store: true }],
    ['only-if-cached', { only_if_cached: true }],
    ['max-age=0', { max_age_ms: 0 }],
    ['max-age=10, min-fresh=20', { max_age_ms: 10_000, min_fresh_ms: 20_000 }],
    ['max-age=x', { max_age_ms: 0 }],
    ['min-fresh=x', {}],
    ['max-stale', { max_stale_ms: Infinity }],
    ['max-stale=5', { max_stale_ms: 5000 }],
    ['max-stale=x', {}],
    ['max-stale=', {}],
    ['max-stale="5"', { max_stale_ms: 5000 }],
    ['stale-if-error=9', { stale_if_error_ms: 9000 }],
    ['nothing-to-see-here', {}],
    [['no-cache', 'max-age=5'], { no_cache: true, max_age_ms: 5000 }],
  ]
  test.each(rows)('%j', (value, expected) => {
    const sent = [value].flat().map((line) => `Cache-Control: ${line}`)
    expect(parseRequestDirectives(fields(...sent))).toEqual({ ...NO_DIRECTIVES, ...expected })
  })

  test('absent, or one of the common values: nothing is made', () => {
    expect(parseRequestDirectives(fields('Accept: */*', 'Pragma: no-cache'))).toBe(NO_DIRECTIVES)
    const reload = fields('Cache-Control: no-cache')
    expect(parseRequestDirectives(reload)).toBe(parseRequestDirectives(reload))
    expect(Object.isFrozen(parseRequestDirectives(reload))).toBe(true)
  })
})

describe('whatever is sent', () => {
  const PIECES = [
    'max-age',
    's-maxage',
    'private',
    'no-cache',
    'public',
    '=',
    '=',
    '"',
    "'",
    '\\',
    ',',
    ',',
    ' ',
    '\t',
    '1',
    '99999999999',
    '-',
    'x',
    '\xff',
    '\0',
  ]

  /** A small generator with a fixed seed, so that a failure can be seen again. */
  function* values(count: number): Generator<string> {
    let state = 42
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return state % below
    }
    for (let n = 0; n < count; n++) yield Array.from({ length: next(12) }, () => PIECES[next(PIECES.length)]).join('')
  }

  test('every duration is absent or a whole number of seconds within bounds, and no listed name is odd', () => {
    for (const value of values(20_000)) {
      const said = parseResponseDirectives(fields(`Cache-Control: ${value}`))
      const durations = [said.max_age_ms, said.s_maxage_ms, said.stale_while_revalidate_ms, said.stale_if_error_ms]
      for (const duration_ms of durations)
        expect(duration_ms === -1 || (duration_ms >= 0 && duration_ms <= MAX && duration_ms % 1000 === 0)).toBe(true)
      for (const name of said.unshared) expect(name).toBe(name.trim().toLowerCase())
    }
  })

  test('what comes first is heard, whatever follows', () => {
    for (const value of values(5000)) {
      const said = parseResponseDirectives(fields(`Cache-Control: no-store, ${value}`))
      expect(said.no_store).toBe(true)
    }
  })

  test('a very long value takes one pass', () => {
    const said = parseResponseDirectives(fields(`Cache-Control: ${'x="\\"",'.repeat(200_000)} max-age=5`))
    expect(said.max_age_ms).toBe(5000)
    expect(parseResponseDirectives(fields(`Cache-Control: ${'x="\\",'.repeat(200_000)} private`)).private).toBe(true)
  })
})
