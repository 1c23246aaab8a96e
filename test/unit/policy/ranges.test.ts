import { describe, expect, test } from 'vitest'
import { rangeToForward, selectAsVarnish, selectRanges, type RangeAnswer } from '../../../src/policy/ranges.ts'
import { at, fields, get, request } from './given.ts'

const several = (...ranges: [number, number][]) => ranges.map(([from, to]) => ({ from, to }))
const range = (from: number, to: number) => [{ from, to }]

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
    // Several: in the order asked for, joined where they touch, without what is beyond the end.
    ['bytes=0-1,3-4', several([0, 1], [3, 4])],
    ['bytes=8-9,3-4', several([8, 9], [3, 4])],
    ['bytes=0-1, 20-30', range(0, 1)],
    ['bytes=20-30,40-', 'unsatisfiable'],
    ['bytes=-2,0-0', several([8, 9], [0, 0])],
    ['bytes=0-3,2-5', range(0, 5)],
    ['bytes=0-3,4-5', range(0, 5)],
    ['bytes=0-1,4-5,2-3', range(0, 5)],
    ['bytes=4-5,9-,2-3', several([2, 5], [9, 9])],
    ['bytes=0-,-1', range(0, 9)],
    ['bytes=,0-1,,3-4 , ', several([0, 1], [3, 4])],
    // Abuse: three that overlap, many out of order, too many, one of them malformed.
    ['bytes=0-5,1-6,2-7', 'whole'],
    ['bytes=0-,0-', range(0, 9)],
    ['bytes=8-8,6-6,4-4,2-2', several([8, 8], [6, 6], [4, 4], [2, 2])],
    ['bytes=8-8,6-6,4-4,2-2,0-0', 'whole'],
    [`bytes=${Array.from({ length: 32 }, (_, i) => `${i * 2}-${i * 2}`).join()}`, several([0, 0], [2, 2], [4, 4], [6, 6], [8, 8])],
    [`bytes=${Array.from({ length: 33 }, (_, i) => `${i * 2}-${i * 2}`).join()}`, 'whole'],
    [`bytes=0-1${','.repeat(40)}`, 'whole'],
    ['bytes=0-1,x', 'whole'],
    ['bytes=0-1,5-4', 'whole'],
    // Malformed, another unit, size not known: ignored.
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
    ['bytes 0-1', 'whole'],
    ['lines=0-1', 'whole'],
    ['bytes=0-1', 'whole', -1],
  ]
  test.each(rows)('%s', (asked, expected, size = 10) => expect(selectRanges(asked, undefined, size, fields())).toEqual(expected))
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
    expect(selectRanges('bytes=0-1', ifRange, 10, fields(...stored))).toEqual(holds ? range(0, 1) : 'whole')
  })
})

describe('under policy=varnish, as varnishd 7.1 answers', () => {
  const rows: [range: string, expected: RangeAnswer][] = [
    ['bytes=2-4', range(2, 4)],
    ['BYTES=2-4', range(2, 4)],
    ['bytes=-3', range(7, 9)],
    ['bytes=5-100', range(5, 9)],
    ['bytes=2-4,6-7', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', 'unsatisfiable'],
    ['bytes=x', 'unsatisfiable'],
    ['items=1-2', 'unsatisfiable'],
  ]
  test.each(rows)('%s', (asked, expected) => expect(selectAsVarnish(asked, undefined, 10, fields())).toEqual(expected))
})

describe('the Range to ask an origin for', () => {
  const rows: [lines: string[], offset: number, forwarded: string | undefined][] = [
    [['Range: bytes=5-'], 5, 'bytes=5-'],
    [['Range: bytes=5-6'], 0, 'bytes=5-6'],
    [['Range: bytes=-5'], 1000, 'bytes=-5'],
    [['Range: bytes=4-'], 5, undefined],
    [['Range: bytes=5-6,7-8'], 0, undefined],
    [['Range: bytes=5-6', 'Range: bytes=7-8'], 0, undefined],
    [['Range: bytes=6-5'], 0, undefined],
    [['Range: items=5-6'], 0, undefined],
    [['Range: bytes=5-6', 'If-Range: "a"'], 0, undefined],
    [[], 0, undefined],
  ]
  test.each(rows)('%j from byte %i on', (lines, offset, forwarded) => expect(rangeToForward(get(...lines), offset)).toBe(forwarded))
  test('HEAD has none', () => expect(rangeToForward(request('HEAD', 'Range: bytes=-5'), 0)).toBeUndefined())
})
