import { expect, test, vi } from 'vitest'
import { CompiledPatterns } from '../../../../src/cache/bans/compiled.ts'
import { Pattern } from '../../../../src/cache/bans/pattern.ts'
import { compileRegex } from '../../../../src/pattern/regex.ts'

vi.mock(import('../../../../src/pattern/regex.ts'), async (original) => {
  const module = await original()
  return { ...module, compileRegex: vi.fn(module.compileRegex) }
})

function pattern(text: string): Pattern {
  return new Pattern(text, new CompiledPatterns())
}

function compilations(text: string, subject: string): number {
  vi.mocked(compileRegex).mockClear()
  expect(pattern(text).test(subject)).toBe(false)
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
for (const [text, subject] of matching) test(`${text} matches ${subject}`, () => expect(pattern(text).test(subject)).toBe(true))

test('one text, wherever it has to be, is found without compiling, as the engine would', () => {
  const texts = ['', '/a', '\\.jpg', '/a\\.jpg', 'a\\\\', '\\$', '\\/\\?\\-\\(\\^\\_\\<', 'jpg']
  const patterns = texts.flatMap((text) => [text, `^${text}`, `${text}$`, `^${text}$`])
  const subjects = [
    '',
    '\n',
    '/a',
    '/a.jpg',
    '/a.jpg\n',
    '/a.jpg\n\n',
    '/a.jpg?',
    '.jpg/a',
    'ajpg',
    'a\\',
    'a\\b',
    '$',
    '/?-(^_<',
    'x/?-(^_<x',
  ]
  const engines = patterns.map((text) => compileRegex(text))
  vi.mocked(compileRegex).mockClear()
  for (const [i, text] of patterns.entries())
    for (const subject of subjects) expect([text, subject, pattern(text).test(subject)]).toEqual([text, subject, engines[i].test(subject)])
  expect(vi.mocked(compileRegex)).not.toHaveBeenCalled()
})
