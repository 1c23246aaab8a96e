import { expect, test } from 'vitest'
import { codeAt, lengthOf } from '../../../src/base/characters.ts'
import { putText } from '../../../src/base/digits.ts'
import type { Latin1Buffer } from '../../../src/base/digits.ts'

const WHOLE = Buffer.from('in one piece, and long enough to be cut').toString('latin1')
const TEXTS = ['', 'literal', WHOLE, WHOLE.slice(3, 30), `joined${WHOLE}`, 'two \u1234 bytes', '\u00e9\u0000\u00ff', '\ud83d\ude00']

test.each(TEXTS)('length and codes of %j are those that the string says', (text) => {
  expect(lengthOf(text)).toBe(text.length)
  const codes = (at: (i: number) => number): number[] => Array.from({ length: text.length + 2 }, (_, i) => at(i - 1))
  expect(codes((i) => codeAt(text, i))).toEqual(codes((i) => text.charCodeAt(i)))
})

test.each(TEXTS)('%j is put as its low bytes, and nothing beside it', (text) => {
  const bytes = Buffer.alloc(64, 0x2a) as Latin1Buffer
  const end = putText(bytes, 5, text)
  expect([end, bytes.subarray(0, 5).toString(), bytes.subarray(end).toString()]).toEqual([
    5 + text.length,
    '*'.repeat(5),
    '*'.repeat(59 - text.length),
  ])
  expect([...bytes.subarray(5, end)]).toEqual([...Buffer.from(text, 'latin1')])
})
