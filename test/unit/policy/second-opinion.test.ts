import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { parseRequestDirectives, parseResponseDirectives } from '../../../src/policy/directives.ts'
import { freshnessLifetime_ms } from '../../../src/policy/freshness.ts'
import { STORE, storability, type StoreVerdict } from '../../../src/policy/storable.ts'
import { at, get, NOON_MS, response, S } from './given.ts'

/**
 * http-cache-semantics judges a generated set of responses as well. Where we differ, the difference is named here with
 * its reason; what is not named must agree, and a name that no case needs fails.
 */
interface Opinion {
  storable(): boolean
  /** Freshness lifetime in seconds. */
  maxAge(): number
}
type Headers = Record<string, string>
type OpinionClass = new (request: { headers: Headers; method: string }, response: { headers: Headers; status: number }) => Opinion
const CachePolicy = createRequire(import.meta.url)('http-cache-semantics') as OpinionClass

class SecondOpinion extends CachePolicy {
  now(): number {
    return NOON_MS
  }
}

interface Case {
  status: number
  directives: string[]
  headers: Headers
  authorized: boolean
}

interface Judgement {
  verdict: StoreVerdict
  storable: boolean
  lifetime_s: number
}

const DIRECTIVES = [
  'max-age=60',
  's-maxage=30',
  'public',
  'private',
  'no-store',
  'no-cache',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
  'immutable',
]

const differences: { name: string; applies: (of: Case, a: Judgement, b: Judgement) => boolean }[] = [
  {
    name: 'they store only the statuses they know; section 3 lets a response with a stated lifetime or public be stored, whatever its status',
    applies: (of, ours, theirs) => ours.storable && !theirs.storable && [403, 503].includes(of.status),
  },
  {
    name: 'must-understand sets no-store aside (section 5.2.2.3): they do not know it',
    applies: (of, ours, theirs) => ours.storable && !theirs.storable && of.directives.includes('must-understand'),
  },
  {
    name: 'Set-Cookie needs max-age, s-maxage or public with us; they store, and count it as stale unless public or immutable',
    applies: (of, ours) => 'set-cookie' in of.headers && (ours.verdict === STORE.set_cookie || ours.storable),
  },
  {
    name: 'proxy-revalidate is about stale responses (section 5.2.2.8): they never count one as fresh',
    applies: (of, _, theirs) => of.directives.includes('proxy-revalidate') && theirs.lifetime_s === 0,
  },
  {
    name: 'no-cache is a bit of the object with us, and not a lifetime of 0',
    applies: (of, _, theirs) => of.directives.includes('no-cache') && theirs.lifetime_s === 0,
  },
  {
    name: 'immutable lengthens nothing (RFC 8246): they make it a day, and count its milliseconds as seconds',
    applies: (of, _, theirs) => of.directives.includes('immutable') && theirs.lifetime_s === 86_400_000,
  },
]

function subsets(size: number, of: string[]): string[][] {
  if (size === 0) return [[]]
  return of.flatMap((first, i) => subsets(size - 1, of.slice(i + 1)).map((rest) => [first, ...rest]))
}

function* cases(): Generator<Case> {
  const choices: [string, string | undefined][][] = [
    [undefined, at(90), at(-10), '0'].map((value) => ['expires', value]),
    [undefined, at(-1000), at(10)].map((value) => ['last-modified', value]),
    [undefined, 'a=b'].map((value) => ['set-cookie', value]),
  ]
  for (const status of [200, 302, 404, 403, 503])
    for (const directives of [0, 1, 2, 3].flatMap((size) => subsets(size, DIRECTIVES)))
      for (const authorized of [false, true])
        for (const expires of choices[0])
          for (const modified of choices[1])
            for (const cookie of choices[2]) {
              const pairs = [expires, modified, cookie, ['cache-control', directives.join(', ') || undefined] as const]
              const headers = Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined))
              yield { status, directives, headers, authorized }
            }
}

function ours({ status, headers, authorized }: Case): Judgement {
  const asked = authorized ? get('Authorization: x') : get()
  const answer = response(status, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`))
  const said = parseResponseDirectives(answer.fields)
  const verdict = storability(asked, parseRequestDirectives(asked.fields), answer, said)
  const storable = verdict === STORE.ok
  const lifetime_ms = storable ? Math.max(0, freshnessLifetime_ms(status, said, answer.fields, NOON_MS)) : 0
  return { verdict, storable, lifetime_s: lifetime_ms / S }
}

function theirs({ status, headers, authorized }: Case): Judgement {
  const request = { method: 'GET', headers: authorized ? { authorization: 'x' } : {} }
  const opinion = new SecondOpinion(request as { method: string; headers: Headers }, { status, headers })
  return { verdict: STORE.ok, storable: opinion.storable(), lifetime_s: opinion.maxAge() }
}

test('http-cache-semantics agrees, but for the differences named', () => {
  const needed = new Set<string>()
  const unexplained: unknown[] = []
  let agreed = 0
  for (const given of cases()) {
    const a = ours(given)
    const b = theirs(given)
    if (a.storable === b.storable && a.lifetime_s === b.lifetime_s) agreed++
    else {
      const named = differences.find((difference) => difference.applies(given, a, b))
      if (named) needed.add(named.name)
      else unexplained.push({ ...given, ours: a, theirs: b })
    }
  }
  expect(unexplained.slice(0, 5)).toEqual([])
  expect(differences.map((difference) => difference.name).filter((name) => !needed.has(name))).toEqual([])
  expect(agreed).toBeGreaterThan(20_000)
})
