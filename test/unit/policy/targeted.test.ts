import { describe, expect, test } from 'vitest'
import { emptyResponse, type ResponseDirectives } from '../../../src/policy/directives.ts'
import { initialAnswers } from '../../../src/policy/initial.ts'
import { DEFAULT_PARAMS, policyFor } from '../../../src/policy/policy.ts'
import { STORE } from '../../../src/policy/storable.ts'
import { surrogateDirectives } from '../../../src/policy/surrogate.ts'
import { responseControl, targetedDirectives } from '../../../src/policy/targeted.ts'
import { at, fields, get, NOON_MS, response, S } from './given.ts'

const IGNORED = undefined

describe('a targeted field, RFC 9213 section 2.1', () => {
  const rows: [text: string, expected: Partial<ResponseDirectives> | undefined][] = [
    ['max-age=60', { max_age_ms: 60 * S }],
    ['max-age=60, s-maxage=5', { max_age_ms: 60 * S, s_maxage_ms: 5 * S }],
    ['max-age=0', { max_age_ms: 0 }],
    ['max-age=2147483648', { max_age_ms: 2 ** 31 * S }],
    ['max-age=99999999999', { max_age_ms: 2 ** 31 * S }],
    ['max-age=60, max-age=5', { max_age_ms: 5 * S }],
    ['max-age=60;x=1', { max_age_ms: 60 * S }],
    ['foobar, max-age=60', { max_age_ms: 60 * S }],
    ['none', {}],
    ['no-store', { no_store: true }],
    ['no-cache', { no_cache: true }],
    ['private, must-revalidate', { private: true, must_revalidate: true }],
    ['proxy-revalidate, public, immutable', { proxy_revalidate: true, public: true, immutable: true }],
    ['must-understand, no-store, no-transform', { must_understand: true, no_store: true, no_transform: true }],
    [
      'max-age=60, stale-while-revalidate=10, stale-if-error=20',
      { max_age_ms: 60 * S, stale_while_revalidate_ms: 10 * S, stale_if_error_ms: 20 * S },
    ],
    ['max-age=1, no-cache="Set-Cookie, x"', { max_age_ms: S, unshared: ['set-cookie', 'x'] }],
    ['max-age=1, private=x-user', { max_age_ms: S, unshared: ['x-user'] }],
    ['private=""', { private: true }],
    ['no-store=?0, max-age=1', { max_age_ms: S }],
    ['no-store=5, max-age=1', { no_store: true, max_age_ms: S }],
    // No structured field.
    ['', IGNORED],
    [' ', IGNORED],
    ['max-age =100', IGNORED],
    ['max-age= 100', IGNORED],
    ['max-age=10000, &&&&&', IGNORED],
    ['MaX-aGe=3600', IGNORED],
    ['max-age=60,', IGNORED],
    ['max-age=1234567890123456', IGNORED],
    // A value that the directive cannot have.
    ['max-age="10000"', IGNORED],
    ['max-age=1.5', IGNORED],
    ['max-age=-1', IGNORED],
    ['max-age', IGNORED],
    ['max-age=?1', IGNORED],
    ['max-age=abc', IGNORED],
    ['max-age=(1 2)', IGNORED],
    ['max-age=@5', IGNORED],
    ['max-age=60, s-maxage=1.0', IGNORED],
    ['max-age=60, stale-if-error="1"', IGNORED],
  ]
  test.each(rows)('%s', (text, expected) => {
    expect(targetedDirectives(text)).toEqual(expected && { ...emptyResponse(), targeted: true, ...expected })
  })

  test.each(['no-store, max-age=1.5', 'private, max-age="1"', 'no-cache, max-age'])('%s: what forbids is heard', (text) => {
    const { no_store, private: forOne, no_cache } = targetedDirectives(text) ?? emptyResponse()
    expect(no_store || forOne || no_cache).toBe(true)
  })
})

describe('Surrogate-Control', () => {
  const rows: [text: string, expected: Partial<ResponseDirectives> | undefined][] = [
    ['max-age=30', { max_age_ms: 30 * S }],
    ['max-age=30+60', { max_age_ms: 30 * S, stale_while_revalidate_ms: 60 * S }],
    ['max-age=30+60, content="ESI/1.0"', { max_age_ms: 30 * S, stale_while_revalidate_ms: 60 * S }],
    ['Max-Age=30, max-age=60', { max_age_ms: 30 * S }],
    ['no-store', { no_store: true }],
    ['no-store, max-age=30', { no_store: true, max_age_ms: 30 * S }],
    ['max-age=30+x', { max_age_ms: 30 * S }],
    ['max-age=30;somebody, max-age=60', { max_age_ms: 60 * S }],
    ['no-store;somebody, max-age=60', { max_age_ms: 60 * S }],
    ['content="ESI/1.0"', IGNORED],
    ['no-store-remote', IGNORED],
    ['max-age=x', IGNORED],
    ['max-age=-1', IGNORED],
    ['', IGNORED],
  ]
  test.each(rows)('%s', (text, expected) => {
    expect(surrogateDirectives(text)).toEqual(expected && { ...emptyResponse(), targeted: true, ...expected })
  })
})

describe('the target list, section 2.2', () => {
  const { targets } = DEFAULT_PARAMS
  const rows: [sent: string[], max_age_s: number | undefined][] = [
    [['Cache-Control: max-age=1'], 1],
    [['Cache-Control: max-age=1', 'CDN-Cache-Control: max-age=2'], 2],
    [['CDN-Cache-Control: max-age=2', 'Lacquer-Cache-Control: max-age=3'], 3],
    [['Surrogate-Control: max-age=4', 'CDN-Cache-Control: max-age=2'], 2],
    [['Surrogate-Control: max-age=4', 'Cache-Control: max-age=1'], 4],
    [['Surrogate-Control: content="ESI/1.0"', 'Cache-Control: max-age=1'], 1],
    [['Lacquer-Cache-Control:', 'CDN-Cache-Control: max-age=2'], 2],
    [['Lacquer-Cache-Control: &', 'CDN-Cache-Control: max-age=2.5', 'Cache-Control: max-age=1'], 1],
    [['Other-Cache-Control: max-age=9', 'Cache-Control: max-age=1'], 1],
    // Of one field all lines are one Dictionary.
    [['CDN-Cache-Control: max-age=2', 'CDN-Cache-Control: max-age=7'], 7],
    [['CDN-Cache-Control: max-age=2', 'CDN-Cache-Control: &', 'Cache-Control: max-age=1'], 1],
  ]
  test.each(rows)('%j', (sent, max_age_s) => {
    const asked = [0, 1].map(() => responseControl(targets, fields(...sent)).max_age_ms / S)
    expect(asked).toEqual([max_age_s, max_age_s])
  })

  test('an empty list hears Cache-Control', () => {
    expect(responseControl([], fields('CDN-Cache-Control: max-age=2', 'Cache-Control: max-age=1')).max_age_ms).toBe(S)
  })
})

describe('what becomes of the response', () => {
  const [RFC, VARNISH] = [policyFor('rfc9111'), policyFor('varnish')]
  const answers = (...sent: string[]): [ttl_s: number, why: string] => {
    const { ttl_ms, why } = initialAnswers(RFC, get(), response(200, ...sent), NOON_MS, NOON_MS)
    return [ttl_ms / S, why]
  }

  test.each([
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: no-store'], 60, STORE.ok],
    [['CDN-Cache-Control: max-age=60', `Expires: ${at(-10)}`], 60, STORE.ok],
    [['CDN-Cache-Control: max-age=60', 'Age: 90', 'ETag: "a"'], -30, STORE.ok],
    [['CDN-Cache-Control: max-age=0', `Expires: ${at(100)}`], -1, STORE.useless],
    [['CDN-Cache-Control: none', 'Cache-Control: max-age=60', `Expires: ${at(100)}`], -1, STORE.useless],
    [['CDN-Cache-Control: no-store', 'Cache-Control: max-age=60'], -1, STORE.no_store],
    [['CDN-Cache-Control: private', 'Cache-Control: max-age=60'], -1, STORE.private],
    [['CDN-Cache-Control: "', 'Cache-Control: private, max-age=60'], -1, STORE.private],
    [['CDN-Cache-Control: none', 'Set-Cookie: a', 'Cache-Control: public', `Last-Modified: ${at(-1000)}`], -1, STORE.set_cookie],
  ])('%j', (sent, ttl_s, why) => {
    expect(answers(...sent)).toEqual([ttl_s, why])
  })

  test('a status that must be permitted is not by an Expires that is out of force', () => {
    const { why } = initialAnswers(RFC, get(), response(599, 'CDN-Cache-Control: none', `Expires: ${at(100)}`), NOON_MS, NOON_MS)
    expect(why).toBe(STORE.no_permission)
  })

  test('policy=varnish hears Cache-Control only', () => {
    const sent = response(200, 'CDN-Cache-Control: max-age=60', 'Cache-Control: max-age=5')
    expect(initialAnswers(VARNISH, get(), sent, NOON_MS, NOON_MS).ttl_ms).toBe(5 * S)
  })
})
