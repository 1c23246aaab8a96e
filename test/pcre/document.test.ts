import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileRegex, newBudget } from '../../src/pattern/regex.ts'
import { RegexError } from '../../src/pattern/tree.ts'

/** The tables of docs/vcl/patterns.md are what happens. */
const PAGE = readFileSync(new URL('../../docs/vcl/patterns.md', import.meta.url), 'utf8')
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.slice(1, -1).split(/(?<!\\)\|/))

const codes = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => Buffer.from(text.replaceAll('\\|', '|'), 'utf8').toString('latin1'))

const matching = ROWS.filter((cells) => cells.length === 4).flatMap(([patterns, on, matches, groups]) =>
  codes(patterns).map((pattern) => ({
    pattern,
    subject: codes(on)[0].replaceAll('\\n', '\n'),
    matches: codes(matches)[0],
    groups: codes(groups),
  })),
)

test.each(matching)('$pattern on $subject', ({ pattern, subject, matches, groups }) => {
  const regex = compileRegex(pattern)
  expect(regex.find(subject, 0, false, newBudget()) ? subject.slice(regex.start, regex.end) : undefined).toBe(matches)
  if (matches !== undefined && groups.length > 0) {
    expect(Array.from({ length: regex.groups }, (_, i) => regex.group(i + 1)).filter((text) => text !== '')).toEqual(groups)
  }
})

const refused = ROWS.filter((cells) => cells.length === 2).map(([patterns]) => codes(patterns)[0])

test.each(refused)('%s is refused', (pattern) => {
  expect(() => compileRegex(pattern)).toThrow(RegexError)
})

test('there are such rows', () => {
  expect([matching.length, refused.length]).toEqual([26, 10])
})
