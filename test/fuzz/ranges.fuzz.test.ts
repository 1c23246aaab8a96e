/**
 * Range and Content-Range fields that are nearly right, against readings of their grammar that share nothing with ours. LACQUER_FUZZ_ROUNDS and
 * LACQUER_FUZZ_SEED for more.
 */
import { expect, test } from 'vitest'
import { Fields } from '../../src/http/fields.ts'
import { parseContentRange } from '../../src/policy/content-range.ts'
import { RANGES_MAX } from '../../src/policy/range-set.ts'
import { selectRanges } from '../../src/policy/ranges.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 20_000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const PIECES = [
  'bytes',
  'BYTES',
  '=',
  ' ',
  ',',
  '-',
  '-',
  '0',
  '1',
  '5',
  '9',
  '10',
  '007',
  '18446744073709551616',
  '/',
  '*',
  '\t',
  'x',
  '+',
  '"',
  '\0',
  'é',
  '--',
]
const STORED = new Fields()

interface Span {
  readonly from: number
  readonly to: number
}

/** Section 14.1.1 as a regular expression. */
function read(value: string, size: number): Span[] | 'malformed' {
  const set = /^bytes=(.*)$/is.exec(value)?.[1]
  if (set === undefined) return 'malformed'
  const specs = set
    .split(',')
    .map((member) => member.replace(/^[ \t\0-\x20\u00a0]+|[ \t\0-\x20\u00a0]+$/g, ''))
    .filter((member) => member !== '')
  if (specs.length === 0 || specs.length > RANGES_MAX) return 'malformed'
  const spans: Span[] = []
  for (const spec of specs) {
    const [, first, last] = /^([0-9]*)-([0-9]*)$/.exec(spec) ?? [undefined, '', '']
    if (first === '' && last === '') return 'malformed'
    if (first !== '' && last !== '' && BigInt(last) < BigInt(first)) return 'malformed'
    const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
    if (from < size) spans.push({ from, to })
  }
  return spans
}

function bytesOf(spans: readonly Span[]): number[] {
  return [...new Set(spans.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)))].sort((a, b) => a - b)
}

function damaged(random: () => number, usual: string): string {
  return random() < 0.04 ? PIECES[Math.floor(random() * PIECES.length)] : usual
}

/** Mostly a set of ranges, of which one piece or other may be something else. */
function some(random: () => number): string {
  const piece = (usual: string): string => damaged(random, usual)
  const number = (): string => (random() < 0.25 ? '' : String(Math.floor(random() * 14)))
  const specs = Array.from({ length: 1 + random() * 3 }, () => `${piece(number())}${piece('-')}${piece(number())}`)
  return `${piece('bytes')}${piece('=')}${specs.join(piece(random() < 0.2 ? ' , ' : ','))}`
}

test('a Range is answered with the bytes that it names, each once, or ignored', () => {
  const random = randomFrom(SEED)
  let answered = 0
  for (let round = 0; round < ROUNDS; round++) {
    const value = some(random)
    const size = 1 + Math.floor(random() * 12)
    const answer = selectRanges(value, undefined, size, STORED)
    const wanted = read(value, size)
    if (answer === 'whole') continue
    answered++
    expect(wanted, value).not.toBe('malformed')
    if (wanted === 'malformed') continue
    expect(answer === 'unsatisfiable', value).toBe(wanted.length === 0)
    if (answer === 'unsatisfiable') continue
    expect(bytesOf(answer), value).toEqual(bytesOf(wanted))
    expect(
      answer.reduce((sum, { from, to }) => sum + to - from + 1, 0),
      value,
    ).toBe(bytesOf(wanted).length)
  }
  expect(answered).toBeGreaterThan(ROUNDS / 20)
})

test('one range that is well formed is never ignored', () => {
  const random = randomFrom(SEED)
  let met = 0
  for (let round = 0; round < ROUNDS; round++) {
    const value = some(random)
    if (!/^bytes=[0-9]*-[0-9]*$/.test(value) || read(value, 10) === 'malformed') continue
    met++
    expect(selectRanges(value, undefined, 10, STORED), value).not.toBe('whole')
  }
  expect(met).toBeGreaterThan(ROUNDS / 20)
})

test('a Content-Range is read as it is written, or not at all', () => {
  const random = randomFrom(SEED)
  const number = (): string => String(Math.floor(random() * 14))
  let read = 0
  for (let round = 0; round < ROUNDS; round++) {
    const value = ['bytes', ' ', number(), '-', number(), '/', number()].map((usual) => damaged(random, usual)).join('')
    const [, first, last, length] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(value) ?? []
    const valid = first !== undefined && BigInt(first) <= BigInt(last) && BigInt(last) < BigInt(length) && BigInt(length) < 2n ** 53n - 1n
    const parsed = parseContentRange(value)
    expect(parsed, value).toEqual(valid ? { from: Number(first), to: Number(last), length_bytes: Number(length) } : undefined)
    if (valid) read++
  }
  expect(read).toBeGreaterThan(ROUNDS / 20)
  expect(read).toBeLessThan(ROUNDS / 2)
})
