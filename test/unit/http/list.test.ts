import { describe, expect, test } from 'vitest'
import { forEachListMember, hasToken, isToken, unquote } from '../../../src/http/list.ts'

/** A field value, its members, and whether it could be read to its end (RFC 9110 section 5.6.1). */
const lists: [value: string, members: string[], whole: boolean][] = [
  ['', [], true],
  ['a', ['a'], true],
  ['a, b', ['a', 'b'], true],
  ['a,b,c', ['a', 'b', 'c'], true],
  ['  a\t,\t b  ', ['a', 'b'], true],
  [',a, ,b,,', ['a', 'b'], true],
  [' , ,', [], true],
  ['a b, c=d', ['a b', 'c=d'], true],
  ['a="b, c", d', ['a="b, c"', 'd'], true],
  ['"a\\", b", c', ['"a\\", b"', 'c'], true],
  ['"a\\\\", b', ['"a\\\\"', 'b'], true],
  ['W/"a", "b"', ['W/"a"', '"b"'], true],
  ['a, "b, c', ['a'], false],
  ['"a\\"', [], false],
]

describe('comma lists', () => {
  for (const [value, members, whole] of lists)
    test(JSON.stringify(value), () => {
      const seen: string[] = []
      const ran = forEachListMember(value, (text, start, end) => seen.push(text.slice(start, end)) > 0)
      expect(seen).toEqual(members)
      expect(ran).toBe(whole)
    })
})

test('the visitor can stop', () => {
  let visits = 0
  expect(forEachListMember('a, b, c', () => ++visits < 2)).toBe(false)
  expect(visits).toBe(2)
})

describe('hasToken', () => {
  for (const value of ['close', 'CLOSE', ' close ', 'a, Close', 'close,', ',,close', '"a,b", close'])
    test(value, () => expect(hasToken(value, 'close')).toBe(true))
  for (const value of ['', 'closed', 'clos', 'a close', '"close"', '"a, close', '"a, close"', 'close;q=1', 'cl\u212ase', 'x-close'])
    test(`not ${value}`, () => expect(hasToken(value, 'close')).toBe(false))
})

test('isToken', () => {
  for (const token of ['a', 'A-Z', "!#$%&'*+-.^_`|~"]) expect(isToken(token)).toBe(true)
  for (const other of ['', ' ', 'a b', 'a:', 'a\n', '\xe9', '\u0141', '"a"', 'a/b']) expect(isToken(other)).toBe(false)
})

test('unquote', () => {
  const quoted: [string, string | undefined][] = [
    ['"a"', 'a'],
    ['""', ''],
    ['"a\\"b\\\\"', 'a"b\\'],
    ['"', undefined],
    ['a', undefined],
    ['"a"b', undefined],
    ['"a" "b"', undefined],
    ['"a\\"', undefined],
  ]
  for (const [value, text] of quoted) expect(unquote(value, 0, value.length)).toBe(text)
})
