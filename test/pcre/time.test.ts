import { beforeAll, describe, expect, test } from 'vitest'
import { CompiledPatterns } from '../../src/cache/bans/compiled.ts'
import { Pattern } from '../../src/cache/bans/pattern.ts'
import { boundBacktracking, compileRegex, limitMatching, newBudget, PatternGivenUp, type VclRegex } from '../../src/pattern/regex.ts'
import { regsub, regsuball } from '../../src/pattern/regsub.ts'
import { EVIL, LENGTH } from './evil.ts'
import { cpu_ms } from '../kit/cpu-time.ts'

/** Measured: 5 to 60 ms each. Processor time, since the machine may be busy. */
const BOUND_MS = 1000

beforeAll(boundBacktracking)

/** Milliseconds of the processor; a failure of the rules is an answer, too. */
function timeOf(work: () => unknown): number {
  return cpu_ms(() => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof PatternGivenUp)) throw error
    }
  })
}

describe(`no pattern holds a worker up, on ${LENGTH} bytes`, () => {
  const ways: [string, (regex: VclRegex, subject: string) => unknown][] = [
    ['~', (regex, subject) => regex.test(subject)],
    ['regsub', (regex, subject) => regsub(subject, regex, '\\1-')],
    ['regsuball', (regex, subject) => regsuball(subject, regex, '\\1-')],
    ['a ban', ({ pattern }, subject) => new Pattern(pattern, new CompiledPatterns()).test(subject)],
  ]
  test.each(EVIL)('%s', (pattern, subject) => {
    const slow = ways
      .map(([way, work]) => ({ way, ms: timeOf(() => work(compileRegex(pattern), subject)) }))
      .filter(({ ms }) => ms > BOUND_MS)
    expect(slow).toEqual([])
  })
})

describe('shorter subjects, as URLs are', () => {
  test.each(EVIL)('%s', (pattern, subject) => {
    const slow = [30, 300, 1000, 4000].filter((length) => {
      const short = subject.slice(0, length - 1) + subject.at(-1)
      return timeOf(() => compileRegex(pattern).test(short)) > BOUND_MS
    })
    expect(slow).toEqual([])
  })
})

describe('what the linear engine answers is what the other would', () => {
  const long = (head: string, tail: string) => head + 'a'.repeat(5000) + tail

  test('a match, its place and its groups', () => {
    const regex = compileRegex('(x|y)(a+)(z)?')
    expect(regex.find(long('--y', 'z'), 0, false, newBudget())).toBe(true)
    expect([regex.start, regex.end, regex.group(1), regex.group(2).length, regex.group(3)]).toEqual([2, 5004, 'y', 5000, 'z'])
    expect(regsub(long('--y', 'z'), regex, '<\\1\\3>')).toBe('--<yz>')
    expect(regsuball(`${long('y', '')} ${long('x', 'z')}!`, regex, '\\1\\3')).toBe('y xz!')
  })

  test('again and again, from its beginning', () => {
    const regex = compileRegex('xa+$')
    const subject = long('x', '')
    expect([1, 2, 3].map(() => regex.test(subject))).toEqual([true, true, true])
  })
})

describe('limits', () => {
  test('what takes longer than pcre2_match_limit fails the rules, and says which pattern', () => {
    const regex = compileRegex('^(?=a)(a+)+$')
    expect(() => regex.test(`${'a'.repeat(100)}!`)).toThrow(
      new PatternGivenUp('regex "^(?=a)(a+)+$" given up: more steps than pcre2_match_limit allows'),
    )
  })

  test('pcre2_match_limit is a hundred steps each, and counts for all matches of a regsuball together', () => {
    const regex = compileRegex('(?=a)(a+)\\1(b)*?')
    const text = 'aaaa-'.repeat(3000)
    expect(regsuball(text, regex, 'x')).toBe('x-'.repeat(3000))
    limitMatching(100, 1000)
    expect(() => regsuball(text, regex, 'x')).toThrow('pcre2_match_limit')
    expect(regsuball('aaaa-'.repeat(30), regex, 'x')).toBe('x-'.repeat(30))
    limitMatching(10_000, 1000)
  })

  test('(*LIMIT_MATCH) asks for less', () => {
    const subject = 'a'.repeat(300)
    expect(compileRegex('^(?(?=a)a|b)*c').test(subject)).toBe(false)
    expect(() => compileRegex('(*LIMIT_MATCH=3)^(?(?=a)a|b)*c').test(subject)).toThrow('pcre2_match_limit')
  })

  test('calls of groups nest as deep as pcre2_depth_limit', () => {
    const regex = compileRegex('^(\\((?1)*\\))$')
    const nested = (depth: number) => '('.repeat(depth) + ')'.repeat(depth)
    expect(regex.test(nested(1000))).toBe(true)
    expect(() => regex.test(nested(1100))).toThrow('pcre2_depth_limit')
  })

  test('a ban that cannot be decided in time covers the object', () => {
    expect(new Pattern('^(?=a)(a+)+$', new CompiledPatterns()).test(`${'a'.repeat(100)}!`)).toBe(undefined)
  })
})
