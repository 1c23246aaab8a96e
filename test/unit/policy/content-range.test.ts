import { describe, expect, test } from 'vitest'
import { parseContentRange, partOf, type StorablePart } from '../../../src/policy/content-range.ts'
import { sameStrongValidator, strongValidator } from '../../../src/policy/strong.ts'
import { at, fields } from './given.ts'

describe('Content-Range, RFC 9110 section 14.4', () => {
  const rows: [value: string, parsed: [number, number, number] | undefined][] = [
    ['bytes 0-0/1', [0, 0, 1]],
    ['bytes 2-4/10', [2, 4, 10]],
    ['BYTES 2-4/10', [2, 4, 10]],
    ['bytes 0-9007199254740989/9007199254740990', [0, 9007199254740989, 9007199254740990]],
    // It has to say all of it, and nothing that cannot be.
    ['bytes 2-4/*', undefined],
    ['bytes */10', undefined],
    ['bytes 4-2/10', undefined],
    ['bytes 2-10/10', undefined],
    ['bytes 0-0/0', undefined],
    ['bytes 0-9007199254740991/9007199254740992', undefined],
    [`bytes 0-1/${'9'.repeat(400)}`, undefined],
    ['bytes -4/10', undefined],
    ['bytes 2-/10', undefined],
    ['bytes 2-4/', undefined],
    ['bytes 2-4', undefined],
    ['bytes 2/10', undefined],
    ['bytes  2-4/10', undefined],
    ['bytes 2-4/10 ', undefined],
    ['bytes 2-4/10, bytes 5-6/10', undefined],
    ['bytes=2-4/10', undefined],
    ['items 2-4/10', undefined],
    ['bytes +2-4/10', undefined],
    ['bytes 0x2-4/10', undefined],
    ['', undefined],
  ]
  test.each(rows)('%s', (value, expected) => {
    const parsed = parseContentRange(value)
    expect(parsed && [parsed.from, parsed.to, parsed.length_bytes]).toEqual(expected)
  })
})

describe('what of a 206 is stored, RFC 9111 section 3.3', () => {
  const part = (from: number, to: number, length_bytes: number, exact = true): StorablePart => ({ from, to, length_bytes, exact })
  const rows: [what: string, lines: string[], sent_bytes: number, expected: StorablePart | undefined][] = [
    ['what it says', ['Content-Range: bytes 2-4/10'], 3, part(2, 4, 10)],
    ['without Content-Length', ['Content-Range: bytes 2-4/10'], -1, part(2, 4, 10)],
    ['all of it', ['Content-Range: bytes 0-9/10'], 10, part(0, 9, 10)],
    ['too few bytes', ['Content-Range: bytes 2-4/10'], 2, undefined],
    ['too many bytes', ['Content-Range: bytes 2-4/10'], 4, undefined],
    ['no bytes', ['Content-Range: bytes 9-9/10'], 0, undefined],
    ['no Content-Range', [], 3, undefined],
    ['two of them', ['Content-Range: bytes 2-4/10', 'Content-Range: bytes 2-4/10'], 3, undefined],
    ['several parts', ['Content-Range: bytes 2-4/10', 'Content-Type: Multipart/Byteranges; boundary=x'], 3, undefined],
    ['one byte less at the end: the end is what comes after', ['Content-Range: bytes 4-9/10'], 5, part(4, 8, 9, false)],
    ['one byte less elsewhere', ['Content-Range: bytes 4-8/10'], 4, undefined],
    ['two bytes less at the end', ['Content-Range: bytes 4-9/10'], 4, undefined],
  ]
  test.each(rows)('%s', (_, lines, sent_bytes, expected) => expect(partOf(fields(...lines), sent_bytes)).toEqual(expected))
})

describe('what may be combined, RFC 9111 section 3.4', () => {
  const OLD = [`Last-Modified: ${at(-60)}`, `Date: ${at(0)}`]
  const NOW = [`Last-Modified: ${at(0)}`, `Date: ${at(0)}`]
  const validators: [lines: string[], strong: string | undefined][] = [
    [['ETag: "a"'], '"a"'],
    [['ETag: "a"', ...NOW], '"a"'],
    [['ETag: W/"a"'], undefined],
    [['ETag: W/"a"', ...OLD], undefined],
    [OLD, at(-60)],
    [NOW, undefined],
    [[`Last-Modified: ${at(-60)}`], undefined],
    [[], undefined],
  ]
  test.each(validators)('the strong validator of %j', (lines, expected) => expect(strongValidator(fields(...lines))).toBe(expected))

  const pairs: [a: string[], b: string[], same: boolean][] = [
    [['ETag: "a"'], ['ETag: "a"'], true],
    [['ETag: "a"'], ['ETag: "b"'], false],
    [['ETag: W/"a"'], ['ETag: W/"a"'], false],
    [['ETag: "a"'], ['ETag: W/"a"'], false],
    [['ETag: "a"'], OLD, false],
    [['ETag: "a"', ...OLD], OLD, false],
    [OLD, OLD, true],
    [OLD, NOW, false],
    [NOW, NOW, false],
    [[], [], false],
  ]
  test.each(pairs)('%j and %j', (a, b, same) => {
    expect(sameStrongValidator(fields(...a), fields(...b))).toBe(same)
    expect(sameStrongValidator(fields(...b), fields(...a))).toBe(same)
  })
})
