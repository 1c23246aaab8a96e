import { describe, expect, test } from 'vitest'
import { selectRange, type RangeAnswer } from '../../../src/policy/ranges.ts'
import { at, fields } from './given.ts'

const range = (from: number, to: number) => ({ from, to })

describe('Range of ten bytes, RFC 9110 section 14.2', () => {
  const rows: [range: string | undefined, expected: RangeAnswer, size?: number][] = [
    [undefined, 'whole'],
    ['', 'whole'],
    ['bytes=0-0', range(0, 0)],
    ['bytes=0-9', range(0, 9)],
    ['bytes=2-5', range(2, 5)],
    ['bytes=5-', range(5, 9)],
    ['bytes=5-100', range(5, 9)],
    [`bytes=5-${'9'.repeat(400)}`, range(5, 9)],
    ['bytes=-3', range(7, 9)],
    ['bytes=-10', range(0, 9)],
    ['bytes=-100', range(0, 9)],
    ['BYTES=2-5', range(2, 5)],
    ['bytes= 2-5 ', range(2, 5)],
    ['bytes=002-005', range(2, 5)],
    ['bytes=9-', range(9, 9)],
    // Beyond the end.
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-20', 'unsatisfiable'],
    [`bytes=${'9'.repeat(400)}-`, 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-', 'unsatisfiable', 0],
    ['bytes=0-0', 'unsatisfiable', 0],
    ['bytes=-5', 'whole', 0],
    // Malformed, several, another unit, size not known: ignored.
    ['bytes=5-2', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=', 'whole'],
    ['bytes', 'whole'],
    ['bytes=5', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=1-2x', 'whole'],
    ['bytes=--5', 'whole'],
    ['bytes=1--5', 'whole'],
    ['bytes=1 -5', 'whole'],
    ['bytes=+1-5', 'whole'],
    ['bytes=1.0-5', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['bytes=0-1, 20-30', 'whole'],
    ['bytes 0-1', 'whole'],
    ['lines=0-1', 'whole'],
    ['bytes=0-1', 'whole', -1],
  ]
  test.each(rows)('%s', (asked, expected, size = 10) => expect(selectRange(asked, undefined, size, fields())).toEqual(expected))
})

describe('If-Range, section 13.1.5', () => {
  const OLD = [`Last-Modified: ${at(-60)}`, `Date: ${at(0)}`]
  const rows: [ifRange: string, stored: string[], holds: boolean][] = [
    ['"a"', ['ETag: "a"'], true],
    ['"a"', ['ETag: "b"'], false],
    ['"a"', [], false],
    ['W/"a"', ['ETag: W/"a"'], false],
    ['"a"', ['ETag: W/"a"'], false],
    ['"a", "b"', ['ETag: "a"'], false],
    [at(-60), OLD, true],
    [at(-59), OLD, false],
    [at(-61), OLD, false],
    [at(-60), [`Last-Modified: ${at(-60)}`], false],
    [at(0), [`Last-Modified: ${at(0)}`, `Date: ${at(0)}`], false],
    ['foo', OLD, false],
    ['foo', ['Last-Modified: foo', 'Date: foo'], false],
    ['', OLD, false],
  ]
  test.each(rows)('%s with %j: %j', (ifRange, stored, holds) => {
    expect(selectRange('bytes=0-1', ifRange, 10, fields(...stored))).toEqual(holds ? range(0, 1) : 'whole')
  })
})
