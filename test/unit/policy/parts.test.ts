import { describe, expect, test } from 'vitest'
import {
  decodeParts,
  encodeParts,
  missingOf,
  missingOfAll,
  needless,
  PARTS_MAX,
  type PartList,
  piecesFrom,
  withPart,
} from '../../../src/policy/parts.ts'
import { randomFrom } from '../../fuzz/generate.ts'

function listOf(length_bytes: number, ...parts: [number, number][]): PartList {
  return parts.reduce<PartList>((list, [from, to], i) => withPart(list, { from, to, era: `${i}` }), {
    length_bytes,
    exact: true,
    parts: [],
  })
}

const spans = (list: PartList): [number, number][] => list.parts.map(({ from, to }) => [from, to])

describe('the list of parts', () => {
  test('is in the order of first bytes', () => {
    expect(spans(listOf(100, [50, 59], [10, 19], [55, 70]))).toEqual([
      [10, 19],
      [50, 59],
      [55, 70],
    ])
  })

  test('what lies within another is needless, once that is there', () => {
    const { parts } = listOf(100, [50, 59], [10, 19], [10, 59], [58, 70])
    expect(needless(parts, []).length).toBe(0)
    const same = listOf(100, [0, 9], [0, 9]).parts
    expect(needless(same, same).length).toBe(1)
    const larger = parts.filter(({ from, to }) => from === 10 && to === 59)
    expect(needless(parts, larger).map(({ from, to }) => [from, to])).toEqual([
      [10, 19],
      [50, 59],
    ])
  })

  test('has an end: the shortest leave', () => {
    const many = Array.from({ length: PARTS_MAX }, (_, i): [number, number] => [i * 10, i * 10 + (i === 7 ? 0 : 1)])
    const list = listOf(10_000, ...many, [5000, 5005])
    expect(list.parts.length).toBe(PARTS_MAX)
    expect(spans(list)).not.toContainEqual([70, 70])
    expect(spans(list)).toContainEqual([5000, 5005])
  })

  test('is read as it was written, and nothing else is read', () => {
    const list = listOf(100, [50, 59], [10, 19])
    expect(encodeParts(list)).toBe('100 exact\n10-19 1\n50-59 0')
    expect(decodeParts(encodeParts(list))).toEqual(list)
    expect(decodeParts(encodeParts({ ...list, exact: false }))).toEqual({ ...list, exact: false })
    for (const text of [
      '',
      'x',
      '100',
      '100 exact\n',
      '100 exact\n10-',
      '100 exact\n9-5 e',
      '100 exact\n5-100 e',
      '100 exact\n1-2',
      '-1 exact',
    ]) {
      expect(decodeParts(text)).toBeUndefined()
    }
  })
})

/** Sets of bytes, to hold the arithmetic to. */
test('what is missing, and the pieces of what is there, of any parts', () => {
  const random = randomFrom(20261125)
  const below = (n: number): number => Math.floor(random() * n)
  for (let round = 0; round < 5000; round++) {
    const length = 1 + below(24)
    const list = listOf(length, ...Array.from({ length: below(7) }, (): [number, number] => range(length, below)))
    const have = new Set(list.parts.flatMap(({ from, to }) => bytes(from, to)))
    const [from, to] = range(length, below)
    const gone = bytes(from, to).filter((byte) => !have.has(byte))
    const missing = gone.length === 0 ? undefined : { from: gone[0], to: gone.at(-1) }
    expect(missingOf(list.parts, { from, to })).toEqual(missing)
    expect(missingOfAll(list.parts, [{ from, to }])).toEqual(missing)
    const pieces = piecesFrom(list.parts, from)
    for (const piece of pieces) {
      expect(piece.skip_bytes).toBe(piece.from - list.parts[piece.part].from)
      expect(piece.to).toBeLessThanOrEqual(list.parts[piece.part].to)
    }
    expect(pieces.flatMap((piece) => bytes(piece.from, piece.to))).toEqual([...have].filter((byte) => byte >= from).sort((a, b) => a - b))
  }
})

function range(length: number, below: (n: number) => number): [number, number] {
  const from = below(length)
  return [from, from + below(length - from)]
}

function bytes(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
