import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { safeLengths } from '../../src/vcl/regex/cost.ts'
import { samenessOf } from '../../src/vcl/regex/differences.ts'
import { emitRegex } from '../../src/vcl/regex/emit.ts'
import { parseRegex } from '../../src/vcl/regex/parse.ts'
import { boundBacktracking, LINEAR } from '../../src/vcl/regex/regex.ts'
import type { Spans, Verdict } from './oracle.ts'
import { differences } from './ours.ts'

/** What PCRE2 10.42 says; see record.ts. */
type Row = readonly [pattern: string, groups?: number, ...subjects: (readonly [subject: string, Spans | 0])[]]
const ROWS = JSON.parse(readFileSync(new URL('./recorded.json', import.meta.url), 'utf8')) as Row[]

/** PCRE2 takes these; they are refused by name, or only differ where PCRE2's own documentation says that it should not be relied on. */
const KNOWN = [/^\(\*(?:UTF|UCP|CR|CRLF|ANYCRLF|ANY|NUL)\)/]

function verdictOf([pattern, groups, ...entries]: Row): Verdict {
  return { pattern, groups, matches: entries.map(([, spans]) => (spans === 0 ? 'none' : spans)) }
}

test(`${ROWS.length} patterns are taken or refused, match and capture as in PCRE2, in V8 and in our own matcher`, () => {
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

function isTaken(source: string): boolean {
  try {
    return new RegExp(source, LINEAR).flags === LINEAR
  } catch {
    return false
  }
}

test('what is given to V8’s linear engine is what that takes', () => {
  boundBacktracking()
  const refused = ROWS.filter((row) => row.length > 1).flatMap(([pattern]) => {
    if (KNOWN.some((known) => known.test(pattern))) return []
    const { root } = parseRegex(pattern)
    if (!samenessOf(root).test || safeLengths(root).linear < 0) return []
    const { source } = emitRegex(root)
    return isTaken(source) ? [] : [`${pattern} as ${source}`]
  })
  expect(refused).toEqual([])
})
