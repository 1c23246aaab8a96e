/**
 * Test files are written by people and by programs: whatever the bytes, the parser yields steps, or complaints whose places lie inside
 * the file. It never throws and never hangs.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=1000000 LACQUER_FUZZ_SEED=... for more. A failure prints the text.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ACTIONS, SUBJECTS } from '../../src/ruletest/language/subjects.ts'
import { parseTests } from '../../src/ruletest/language/parse.ts'
import { ATTACHED, HEADINGS, STEP_WORDS } from '../../src/ruletest/language/words.ts'
import { formatDiagnostic } from '../../src/vcl/diagnostic.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 3000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)

const folder = new URL('../../vcl-examples/', import.meta.url)
const corpus = readdirSync(folder)
  .filter((name) => name.endsWith('.test'))
  .map((name) => readFileSync(new URL(name, folder), 'latin1'))

const WORDS = [
  ...[...HEADINGS, ...STEP_WORDS, ...ATTACHED].map((row) => row.word),
  ...SUBJECTS.map((row) => row.name),
  ...Object.keys(ACTIONS),
  ...'not absent present == != ~ !~ < <= > >= "a" "a\\n" "( " " \\ 1 200 10s -1s 5k 99999999999M for if once method from soft host a=b /* / * HTTP/1.0'.split(
    ' ',
  ),
  'X-A: b',
  'resp.http.X',
  'requests.api',
  '\0',
  '\xff',
  '\r',
  '\t',
  '#',
  '::1',
]

function soup(next: (n: number) => number): string {
  const lines = Array.from({ length: next(30) }, () => Array.from({ length: next(6) }, () => WORDS[next(WORDS.length)]).join(' '))
  return (next(3) > 0 ? 'test a\nGET /\n' : '') + lines.join('\n')
}

/** Real files with a few pieces cut out, doubled or replaced. */
function damaged(next: (n: number) => number): string {
  let text = corpus[next(corpus.length)] ?? 'test a\n  GET /\n  expect hit\n'
  for (let cuts = 1 + next(4); cuts > 0; cuts--) {
    const at = next(text.length + 1)
    const end = Math.min(text.length, at + next(12))
    const insert = [WORDS[next(WORDS.length)], text.slice(at, end).repeat(2), '', '\n'][next(4)]
    text = text.slice(0, at) + insert + text.slice(end)
  }
  return text
}

test(`${ROUNDS} files`, () => {
  const random = randomFrom(SEED)
  const next = (n: number) => Math.floor(random() * n)
  let read = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = next(2) === 0 ? soup(next) : damaged(next)
    const parsed = parseTests(text, 'x.test')
    if (parsed.ok) {
      read++
      continue
    }
    expect(parsed.diagnostics.length).toBeGreaterThan(0)
    for (const one of parsed.diagnostics) {
      const { offset, length, line } = one.at
      if (offset < 0 || length < 0 || offset + length > text.length || line < 1)
        throw new Error(`a place outside of ${JSON.stringify(text)}`)
      formatDiagnostic(one, parsed.sources)
    }
  }
  // Both ways are gone often enough to mean something.
  expect(read).toBeGreaterThan(ROUNDS / 50)
  expect(read).toBeLessThan(ROUNDS)
})
