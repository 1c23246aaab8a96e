import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { boundBacktracking, compileRegex } from '../../../src/vcl/runtime/regex.ts'
import { regsub, regsuball } from '../../../src/vcl/runtime/regsub.ts'

/** What PCRE2 10.42 says: `[pattern, 'error']` or `[pattern, [[subject, offset, whole, groups…]…], [subjects without match]]`. */
type Row = [string, 'error'] | [string, [string, number, ...string[]][], string[]]
const PCRE = JSON.parse(readFileSync(new URL('./regex-pcre.json', import.meta.url), 'utf8')) as Row[]

/** Refused although PCRE2 takes them: what JavaScript cannot express, or not safely. */
const REFUSED = /\(\?[|R(nUJC1+&]|\(\?P>|\\[KGXpP]|\(\*|^\(\\1\)$|\(\?[imsx]*-?[imsx]*[nUJ]|exponential|does not refer to a group/

/** Matched otherwise: rounds of a repetition that match nothing, and captures of earlier rounds. */
const DIFFERENT = new Set(['((a)|b)+', '(a*)*', '(a*)+', '(|a)+', '(a|)+b', '(a??)*b'])

function matchOf(pattern: string, subject: string): [number, ...string[]] | null {
  const regex = compileRegex(pattern)
  const match = regex.exec(subject, 0, false)
  expect(regex.test(subject)).toBe(match !== null)
  if (match === null) return null
  const groups = Array.from({ length: regex.groups + 1 }, (_, i) => regex.captured(match, i, subject, false))
  // PCRE does not list groups behind the last that took part.
  while (groups.length > 1 && groups.at(-1) === '') groups.pop()
  return [match.index, ...groups]
}

function withoutTrailing(groups: readonly string[]): string[] {
  const kept = [...groups]
  while (kept.length > 1 && kept.at(-1) === '') kept.pop()
  return kept
}

const refusedByUs = (pattern: string) => {
  try {
    compileRegex(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

describe('patterns mean what PCRE2 means on bytes', () => {
  test(`${PCRE.length} patterns, random ones among them`, () => {
    let compared = 0
    for (const [pattern, matches, misses] of PCRE) {
      const refusal = refusedByUs(pattern)
      if (matches === 'error') expect(refusal, `${pattern} is an error in PCRE2`).toBeDefined()
      else if (refusal !== undefined) expect(`${pattern} ${refusal}`).toMatch(REFUSED)
      else if (!DIFFERENT.has(pattern)) {
        for (const [subject, offset, ...groups] of matches)
          expect({ pattern, subject, match: matchOf(pattern, subject) }).toEqual({
            pattern,
            subject,
            match: [offset, ...withoutTrailing(groups)],
          })
        for (const subject of misses ?? [])
          expect({ pattern, subject, match: matchOf(pattern, subject) }).toEqual({ pattern, subject, match: null })
        compared++
      }
    }
    expect(compared).toBeGreaterThan(400)
  })
})

describe('what is refused names the construct and its position', () => {
  test.each([
    ['a(?R)', 'recursion cannot be translated (at position 2 of the pattern)'],
    ['(?(1)a|b)', 'a conditional group (?(…)…) cannot be translated (at position 1 of the pattern)'],
    ['ab\\K', '\\K (reset of the match start) cannot be translated (at position 3 of the pattern)'],
    ['(*UTF)a', '(*VERB) cannot be translated (at position 1 of the pattern)'],
    ['\\p{L}', '\\p{…} (Unicode property) cannot be translated (at position 1 of the pattern)'],
    ['(a', "missing ')' (at position 3 of the pattern)"],
    ['a)', "unmatched ')' (at position 2 of the pattern)"],
    ['x[a-', "missing ']' (at position 2 of the pattern)"],
    ['a{3,2}', 'numbers out of order in {} (at position 7 of the pattern)'],
    ['(?<=a+)b', 'lookbehind of variable length (at position 1 of the pattern)'],
  ])('%s', (pattern, message) => {
    expect(refusedByUs(pattern)).toBe(message)
  })

  test('bounds: length and nesting', () => {
    expect(refusedByUs('a'.repeat(20_000))).toContain('longer than 16384')
    expect(refusedByUs('('.repeat(5000))).toContain('nested deeper than 100')
  })
})

describe('no pattern hangs', () => {
  const evil = 'a'.repeat(40) + '!'

  test.each(['^(a+)+$', '^(a|a)*$', '(?i)^(a+)+$', '^([a-zA-Z]+)*$', '^(a|aa)+$', '(.*a){12}$'])(
    '%s is linear on an evil subject',
    (pattern) => {
      boundBacktracking()
      const regex = compileRegex(pattern)
      expect(regex.linear).toBe(true)
      const started = performance.now()
      regex.test(evil)
      expect(performance.now() - started).toBeLessThan(2000)
    },
  )

  test.each(['^(?=x)(a+)+$', '^(a+)+\\1$', '(?!b)(a|a)*$', '^(?>a|b)(\\w|\\d)*$'])(
    '%s is refused: the linear engine cannot take over',
    (pattern) => {
      expect(refusedByUs(pattern)).toContain('exponential')
    },
  )

  test.each(['^(?!/admin)(/[a-z]+)*$', '(?<!x)(?:[^,]*,)+y', '^(?>a+)+$', '(?i)^(?!www\\.)([a-z0-9]+\\.)+com$'])('%s is not', (pattern) => {
    expect(refusedByUs(pattern)).toBeUndefined()
  })
})

test('a subject that ends in a newline: $ and \\Z match before it, \\z does not', () => {
  expect([compileRegex('b$').test('ab\n'), compileRegex('b\\Z').test('ab\n'), compileRegex('b\\z').test('ab\n')]).toEqual([
    true,
    true,
    false,
  ])
  expect(regsub('ab\n', compileRegex('b$'), 'x')).toBe('ax\n')
})

test('an unset subject is the empty string', () => {
  expect([compileRegex('^$').test(undefined), compileRegex('x').test(undefined)]).toEqual([true, false])
})

test('groups keep their numbers when possessive quantifiers need groups of their own', () => {
  expect(regsub('aab12', compileRegex('(a++)(b)(\\d+)'), '\\3-\\2-\\1')).toBe('12-b-aa')
  expect(regsuball('abab', compileRegex('(?>a)(b)?'), '<\\1>')).toBe('<b><b>')
})

test('a replacement that multiplies stops growing', () => {
  const text = 'a'.repeat(5000)
  expect(regsuball(text, compileRegex('a'), text).length).toBeLessThan(2_000_000)
})
