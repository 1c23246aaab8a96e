import { describe, expect, test } from 'vitest'
import {
  OBJ_AUTHORIZED,
  OBJ_HEURISTIC,
  OBJ_IMMUTABLE,
  OBJ_MUST_REVALIDATE,
  OBJ_NO_CACHE,
  OBJ_S_MAXAGE,
  OBJ_STALE_IF_ERROR,
  OBJ_TTL_BY_RULES,
} from '../../../src/policy/flags.ts'
import { initialAnswers, settledAnswers, type InitialAnswers, type RuleAnswers } from '../../../src/policy/initial.ts'
import { DEFAULT_PARAMS, policyFor, type Policy } from '../../../src/policy/policy.ts'
import { STORE } from '../../../src/policy/storable.ts'
import { at, get, NOON_MS, response, S } from './given.ts'

const RFC = policyFor('rfc9111')
const VARNISH = policyFor('varnish')
const YEAR = 365 * 86_400

function answer(policy: Policy, status: number, sent: string[], asked = get()): InitialAnswers {
  return initialAnswers(policy, asked, response(status, ...sent), NOON_MS, NOON_MS)
}

interface Expected {
  ttl: number
  grace?: number
  keep?: number
  flags?: number
  why?: string
}

function summary(answers: InitialAnswers): Required<Expected> {
  const { ttl_ms, grace_ms, keep_ms, flags, why } = answers
  return { ttl: ttl_ms / S, grace: grace_ms / S, keep: keep_ms / S, flags, why }
}

describe('what rules find under rfc9111', () => {
  const rows: [sent: string[], expected: Expected][] = [
    [['Cache-Control: max-age=60'], { ttl: 60 }],
    [['Cache-Control: max-age=60', 'Age: 20'], { ttl: 40 }],
    [['Cache-Control: max-age=60', `Date: ${at(-20)}`], { ttl: 40 }],
    [['Cache-Control: max-age=60', 'ETag: "a"'], { ttl: 60, keep: YEAR }],
    [['Cache-Control: max-age=60', `Last-Modified: ${at(-60)}`], { ttl: 60, keep: YEAR }],
    [['Cache-Control: max-age=60', 'Last-Modified: x'], { ttl: 60 }],
    [['Cache-Control: s-maxage=60'], { ttl: 60, flags: OBJ_S_MAXAGE }],
    [['Cache-Control: max-age=60, immutable'], { ttl: 60, flags: OBJ_IMMUTABLE }],
    [[`Last-Modified: ${at(-600)}`], { ttl: 60, keep: YEAR, flags: OBJ_HEURISTIC }],
    // Only to be validated.
    [['ETag: "a"'], { ttl: 0, keep: YEAR }],
    [['Cache-Control: max-age=0', 'ETag: "a"'], { ttl: 0, keep: YEAR }],
    [['Cache-Control: no-cache, max-age=60', 'ETag: "a"'], { ttl: 0, keep: YEAR, flags: OBJ_NO_CACHE }],
    [['Cache-Control: max-age=60', 'Age: 90', 'ETag: "a"'], { ttl: -30, keep: YEAR }],
    // RFC 5861.
    [['Cache-Control: max-age=60, stale-while-revalidate=30'], { ttl: 60, grace: 30 }],
    [['Cache-Control: max-age=0, stale-while-revalidate=30'], { ttl: 0, grace: 30 }],
    [['Cache-Control: max-age=60, stale-if-error=30'], { ttl: 60, keep: 30, flags: OBJ_STALE_IF_ERROR }],
    [['Cache-Control: max-age=60, stale-if-error=30, stale-while-revalidate=25'], { ttl: 60, grace: 25, flags: OBJ_STALE_IF_ERROR }],
    [['Cache-Control: max-age=60, stale-while-revalidate=30, must-revalidate'], { ttl: 60, flags: OBJ_MUST_REVALIDATE }],
    [['Cache-Control: s-maxage=60, stale-while-revalidate=30'], { ttl: 60, flags: OBJ_S_MAXAGE }],
    // Of no use.
    [[], { ttl: -1, why: STORE.useless }],
    [['Cache-Control: max-age=0'], { ttl: -1, why: STORE.useless }],
    [['Cache-Control: no-cache'], { ttl: -1, flags: OBJ_NO_CACHE, why: STORE.useless }],
    [['Cache-Control: max-age=60', 'Age: 60'], { ttl: -1, why: STORE.useless }],
    [['Expires: 0'], { ttl: -1, why: STORE.useless }],
    // Refused.
    [['Cache-Control: private, max-age=60'], { ttl: -1, why: STORE.private }],
    [['Set-Cookie: a=b', 'ETag: "a"'], { ttl: -1, keep: YEAR, why: STORE.set_cookie }],
  ]
  test.each(rows)('%j', (sent, expected) => {
    const answers = answer(RFC, 200, sent)
    expect(summary(answers)).toEqual({ grace: 0, keep: 10, flags: 0, why: STORE.ok, ...expected })
    expect(answers.uncacheable).toBe(answers.why !== STORE.ok)
    expect(answers.t_origin_ms).toBe(NOON_MS - answers.age_ms)
  })

  test('an authenticated response that may be shared is remembered as such', () => {
    expect(answer(RFC, 200, ['Cache-Control: public, max-age=60'], get('Authorization: x')).flags).toBe(OBJ_AUTHORIZED)
  })

  test('default_keep, when set, bounds how long an object is kept for validation', () => {
    const policy = policyFor('rfc9111', { ...DEFAULT_PARAMS, default_keep_ms: 300 * S })
    expect(answer(policy, 200, ['ETag: "a"']).keep_ms).toBe(300 * S)
  })
})

describe('what rules find under policy=varnish', () => {
  const rows: [status: number, sent: string[], expected: Expected][] = [
    ...[200, 203, 204, 300, 301, 304, 404, 410, 414].map((status): [number, string[], Expected] => [status, [], { ttl: 120 }]),
    ...[201, 206, 302, 303, 307, 308, 400, 403, 405, 500, 501, 503].map((status): [number, string[], Expected] => [
      status,
      [],
      { ttl: -1, why: STORE.status },
    ]),
    [302, ['Cache-Control: max-age=60'], { ttl: 60 }],
    [307, [`Expires: ${at(60)}`], { ttl: 60 }],
    [308, ['Cache-Control: max-age=60'], { ttl: -1, why: STORE.status }],
    [503, ['Cache-Control: max-age=60'], { ttl: -1, why: STORE.status }],
    [200, ['Cache-Control: max-age=60, s-maxage=5'], { ttl: 5 }],
    [200, ['Cache-Control: max-age=60', 'Age: 20'], { ttl: 40 }],
    [200, ['Cache-Control: max-age=60', `Date: ${at(-20)}`], { ttl: 60 }],
    [200, ['Age: 200'], { ttl: -80 }],
    // private, no-store and Set-Cookie are for builtin.vcl.
    [200, ['Cache-Control: private, no-store', 'Set-Cookie: a=b', 'Vary: *'], { ttl: 120 }],
    [200, ['Cache-Control: no-cache, max-age=60'], { ttl: 60 }],
    // No heuristics.
    [200, [`Last-Modified: ${at(-6000)}`], { ttl: 120 }],
    // Expires against our clock while Date agrees with it, else against Date.
    [200, [`Expires: ${at(60)}`, `Date: ${at(-5)}`], { ttl: 60 }],
    [200, [`Expires: ${at(60)}`, `Date: ${at(-20)}`], { ttl: 80 }],
    [200, [`Expires: ${at(-60)}`], { ttl: 0 }],
    [200, [`Expires: ${at(60)}`, `Date: ${at(90)}`], { ttl: 0 }],
    [200, ['Expires: 0'], { ttl: 120 }],
    [200, ['Cache-Control: max-age=60, stale-while-revalidate=30'], { ttl: 60, grace: 30 }],
    [503, ['Cache-Control: stale-while-revalidate=30'], { ttl: -1, why: STORE.status }],
  ]
  test.each(rows)('%d %j', (status, sent, expected) => {
    const answers = answer(VARNISH, status, sent, get('Cache-Control: no-store', 'Authorization: x'))
    expect(summary(answers)).toEqual({ grace: 10, keep: 0, flags: 0, why: STORE.ok, ...expected })
    expect(answers.uncacheable).toBe(false)
  })
})

describe('what rules make of it', () => {
  /** The answers after rules that set these, and removed that field. */
  function settle(policy: Policy, sent: string[], set: Partial<RuleAnswers>, unset?: string): InitialAnswers {
    const beresp = response(200, ...sent)
    const initial = initialAnswers(policy, get(), beresp, NOON_MS, NOON_MS)
    const { ttl_ms, grace_ms, keep_ms } = initial
    if (unset !== undefined) beresp.fields.delete(unset)
    return settledAnswers(policy, get(), beresp, initial, { ttl_ms, grace_ms, keep_ms, uncacheable: false, ...set }, NOON_MS, NOON_MS)
  }

  test('nothing: the policy stands', () => {
    expect(summary(settle(RFC, ['Cache-Control: max-age=60'], {}))).toMatchObject({ ttl: 60, why: STORE.ok })
  })

  test('a refusal leaves a marker for uncacheable_ttl', () => {
    const answers = settle(RFC, ['Cache-Control: private'], {})
    expect(summary(answers)).toMatchObject({ ttl: 120, grace: 0, keep: 0, why: STORE.private })
    expect(answers.uncacheable).toBe(true)
  })

  test('what the request refused leaves none: it says nothing about the resource', () => {
    const asked = get('Cache-Control: no-store')
    const beresp = response(200, 'Cache-Control: max-age=60')
    const initial = initialAnswers(RFC, asked, beresp, NOON_MS, NOON_MS)
    const { ttl_ms, grace_ms, keep_ms } = initial
    const answers = settledAnswers(RFC, asked, beresp, initial, { ttl_ms, grace_ms, keep_ms, uncacheable: false }, NOON_MS, NOON_MS)
    expect(answers).toMatchObject({ uncacheable: true, ttl_ms: 0, why: STORE.request_no_store })
  })

  test('uncacheable leaves one for as long as the rules say', () => {
    expect(summary(settle(RFC, ['Cache-Control: max-age=60'], { uncacheable: true, ttl_ms: 5 * S }))).toMatchObject({
      ttl: 5,
      why: STORE.uncacheable,
    })
    expect(settle(VARNISH, [], { uncacheable: true }).ttl_ms).toBe(120 * S)
  })

  test('a positive ttl is permission where the response gives none', () => {
    const answers = settle(RFC, ['Cache-Control: no-cache'], { ttl_ms: 30 * S, grace_ms: 5 * S })
    expect(summary(answers)).toMatchObject({ ttl: 30, grace: 5, flags: OBJ_TTL_BY_RULES, why: STORE.rules })
    expect(answers.uncacheable).toBe(false)
  })

  test.each([['Cache-Control: private'], ['Cache-Control: no-store'], ['Set-Cookie: a=b'], ['Vary: *']])(
    'a ttl does not make public what is not: %s',
    (line) => {
      expect(settle(RFC, [line, `Expires: ${at(60)}`], { ttl_ms: 30 * S })).toMatchObject({ uncacheable: true, ttl_ms: 120 * S })
    },
  )

  test('what rules add counts as if the origin had said it', () => {
    const beresp = response(200, 'Cache-Control: max-age=60')
    const initial = initialAnswers(RFC, get(), beresp, NOON_MS, NOON_MS)
    const { ttl_ms, grace_ms, keep_ms } = initial
    beresp.fields.set('Cache-Control', 'private, max-age=60')
    const answers = settledAnswers(RFC, get(), beresp, initial, { ttl_ms, grace_ms, keep_ms, uncacheable: false }, NOON_MS, NOON_MS)
    expect(answers).toMatchObject({ uncacheable: true, why: STORE.private })
  })

  test('unless rules remove what says so', () => {
    expect(settle(RFC, ['Cache-Control: private'], { ttl_ms: 30 * S }, 'cache-control')).toMatchObject({ why: STORE.rules, ttl_ms: 30 * S })
  })

  test('without the field that caused the refusal the response is judged anew', () => {
    const sent = [`Expires: ${at(60)}`, 'Set-Cookie: a=b']
    expect(settle(RFC, sent, {}).uncacheable).toBe(true)
    expect(summary(settle(RFC, sent, { grace_ms: 7 * S }, 'set-cookie'))).toMatchObject({ ttl: 60, grace: 7, why: STORE.ok })
    expect(settle(RFC, sent, {}, 'expires').why).toBe(STORE.set_cookie)
  })

  test('a ttl of 0 with nothing else to use it for is a marker, so that nobody waits for it', () => {
    const answers = settle(RFC, ['Cache-Control: max-age=60'], { ttl_ms: 0, keep_ms: 0 })
    expect(answers).toMatchObject({ uncacheable: true, ttl_ms: 120 * S })
    expect(settle(RFC, ['Cache-Control: max-age=60', 'ETag: "a"'], { ttl_ms: 0 })).toMatchObject({ uncacheable: false, ttl_ms: 0 })
  })

  test('policy=varnish: ttl -1 with grace 10 s is good for 9 s of grace', () => {
    const beresp = response(503)
    const initial = initialAnswers(VARNISH, get(), beresp, NOON_MS, NOON_MS)
    const { ttl_ms, grace_ms, keep_ms } = initial
    const answers = settledAnswers(VARNISH, get(), beresp, initial, { ttl_ms, grace_ms, keep_ms, uncacheable: false }, NOON_MS, NOON_MS)
    expect(answers).toMatchObject({ uncacheable: false, ttl_ms: -S, grace_ms: 10 * S })
  })
})
