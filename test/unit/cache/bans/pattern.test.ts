import { expect, test, vi } from 'vitest'
import { Pattern } from '../../../../src/cache/bans/pattern.ts'
import { compileRegex } from '../../../../src/vcl/runtime/regex.ts'

vi.mock(import('../../../../src/vcl/runtime/regex.ts'), async (original) => {
  const module = await original()
  return { ...module, compileRegex: vi.fn(module.compileRegex) }
})

function compilations(text: string, subject: string): number {
  vi.mocked(compileRegex).mockClear()
  expect(new Pattern(text).test(subject)).toBe(false)
  return vi.mocked(compileRegex).mock.calls.length
}

const spared = ['/shop/', '^/shop/', '^/shop/1(/|\\?|$)', '^/shop/(a|(b|c))$', '^/shop/1x*(a|b)+$', '^/shop/(?:a\\(|b)', '^/shop/a?']
for (const text of spared)
  test(`a subject that does not begin so is not worth compiling ${text}`, () => expect(compilations(text, '/big')).toBe(0))

test('what is not easily told is compiled', () => expect(compilations('^/shop/[ab|]', '/big')).toBe(1))

const matching: [text: string, subject: string][] = [
  ['^/shop|/big', '/big'],
  ['^/shop(a|b)|/big', '/big'],
  ['^/shop[(]a|/big[)]', '/big)'],
  ['^/shop\\(a|/big', '/big'],
  ['^/shop[)](x|y)|/big', '/big'],
  ['^/shop(a|b[)]|c)|/big', '/big'],
  ['^/shop\\\\(a|b)|/big', '/big'],
  ['^/shops?(/|$)', '/shop'],
  ['^/shops*(/|$)', '/shop/'],
  ['^/shops{0,2}(/|$)', '/shop'],
  ['^/s?hop', '/hop'],
  ['^/shop(/|\\?|$)', '/shop?a'],
  ['^/?(a|b)', 'a'],
  ['^/ab\\E?$', '/a'],
  ['^/ab(?#b may be missing)?$', '/a'],
]
for (const [text, subject] of matching) test(`${text} matches ${subject}`, () => expect(new Pattern(text).test(subject)).toBe(true))
