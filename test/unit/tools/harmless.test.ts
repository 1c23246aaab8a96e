import { expect, test } from 'vitest'
import { harmless } from '../../../src/tools/screen/harmless.ts'

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

test.each([
  ['a line\n\tand a tab', 'a line\n\tand a tab'],
  [bytes('ü, Û, ࠀ, € and 😀'), bytes('ü, Û, ࠀ, € and 😀')],
  ['\x1b[2J\r\x07\x7f\0', '?[2J????'],
  [bytes('\u009b2J\u009d0;title\u009c\u0080'), '?2J?0;title??'],
  ['\xe0\x82\x9b2J \xf0\x80\x82\x9b2J', '\xe0??2J \xf0???2J'],
  ['\x9b31m \xe2\x9b31m', '?31m \xe2?31m'],
])('%j is %j on a terminal', (text, shown) => {
  expect(harmless(text)).toBe(shown)
})
