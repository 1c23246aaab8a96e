import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkRegex, compileRegex } from '../../src/pattern/regex.ts'
import type { Spans, Verdict } from './oracle.ts'
import { differences, linearOf } from './ours.ts'

/** What PCRE2 10.42 says; see record.ts. */
type Row = readonly [pattern: string, groups?: number, ...subjects: (readonly [subject: string, Spans | 0])[]]
const ROWS = JSON.parse(readFileSync(new URL('./recorded.json', import.meta.url), 'utf8')) as Row[]

/** PCRE2 takes these; they are refused by name, or only differ where PCRE2's own documentation says that it should not be relied on. */
const KNOWN = [/^\(\*(?:UTF|UCP|CR|CRLF|ANYCRLF|ANY|NUL)\)/]

function verdictOf([pattern, groups, ...entries]: Row): Verdict {
  return { pattern, groups, matches: entries.map(([, spans]) => (spans === 0 ? 'none' : spans)) }
}

test(`${ROWS.length} patterns are taken or refused, match and capture as in PCRE2, in V8's two engines and in our own`, () => {
  const wrong = ROWS.filter(([pattern]) => !KNOWN.some((known) => known.test(pattern))).flatMap((row) => {
    const [pattern, , ...entries] = row
    const found = differences(
      verdictOf(row),
      entries.map(([subject]) => subject),
    )
    return found.map((difference) => `${JSON.stringify(pattern)}: ${difference}`)
  })
  expect(wrong).toEqual([])
  expect(ROWS.length).toBeGreaterThan(3000)
})

test('V8’s linear engine has been asked as well', () => {
  const taken = ROWS.filter((row) => row.length > 1 && !KNOWN.some((known) => known.test(row[0])) && linearOf(row[0]) !== undefined)
  expect(taken.length).toBeGreaterThan(1000)
})

test('what rules are checked for is whether it can be compiled', () => {
  const refusal = (work: (pattern: string) => unknown, pattern: string) => {
    try {
      work(pattern)
      return undefined
    } catch (error) {
      return String(error)
    }
  }
  const refused = ROWS.map(([pattern]) => [refusal(checkRegex, pattern), refusal(compileRegex, pattern)])
  for (const [checked, compiled] of refused) expect(checked).toBe(compiled)
  expect(refused.filter(([checked]) => checked !== undefined).length).toBeGreaterThan(20)
})
