import { describe, expect, test } from 'vitest'
import { compileRegex } from '../../../src/pattern/regex.ts'
import type { RegexError } from '../../../src/pattern/tree.ts'
import { regsub, regsuball } from '../../../src/pattern/regsub.ts'

function refusal(pattern: string): RegexError | undefined {
  try {
    compileRegex(pattern)
    return undefined
  } catch (error) {
    return error as RegexError
  }
}

describe('what is refused names the construct and its position', () => {
  test.each([
    [
      '(*UTF)a',
      '(*UTF) is not supported (at position 1 of the pattern)',
      'patterns match bytes: write the bytes of a character of UTF-8, é is \\xc3\\xa9',
    ],
    [
      '(*UTF8)a',
      '(*UTF8) is not supported (at position 1 of the pattern)',
      'patterns match bytes: write the bytes of a character of UTF-8, é is \\xc3\\xa9',
    ],
    [
      'a(*Foo_1)',
      '(*Foo_1) is not supported (at position 2 of the pattern)',
      'known are (*ACCEPT) (*FAIL) (*F) (*COMMIT) (*PRUNE) (*SKIP) (*THEN), and settings at the very beginning',
    ],
    ['(a', 'missing ) (at position 3 of the pattern)', 'a parenthesis itself is \\('],
    ['a)', 'unmatched ) (at position 2 of the pattern)', 'a parenthesis itself is \\)'],
    ['x[a-', 'missing ] (at position 2 of the pattern)', 'a class is closed by ]; as its first member ] is itself'],
    ['a{3,2}', 'numbers out of order in {} (at position 2 of the pattern)', '{2,3}'],
    ['*a', 'nothing to repeat before a quantifier (at position 1 of the pattern)', 'the character itself is \\*'],
    ['\\u00e9', 'unknown escape \\u (at position 1 of the pattern)', 'a byte is \\xhh; a character of UTF-8 is its bytes: \\xc3\\xa9'],
    [
      '[[:foo:]]',
      'unknown class [:foo:] (at position 2 of the pattern)',
      'known are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, word, xdigit',
    ],
    ['(?<a>x)\\k<b>', 'no group named b (at position 8 of the pattern)', 'named are a'],
    ['(?P>x)', 'no group named x (at position 1 of the pattern)', undefined],
    [
      '(?<=a+)b',
      'lookbehind of variable length (at position 1 of the pattern)',
      'each alternative has a fixed length in PCRE2: (?<=a|bc), not (?<=a+); or match it, and drop it from the match by \\K',
    ],
  ])('%s', (pattern, message, hint) => {
    const error = refusal(pattern)
    expect({ message: error?.message, hint: error?.hint }).toEqual({ message, hint })
  })

  test('bounds: length and nesting', () => {
    expect(refusal('a'.repeat(40_000))?.message).toContain('longer than 32768')
    expect(refusal('('.repeat(5000))?.message).toContain('nested deeper than 250')
  })
})

test('a subject that ends in a newline: $ and \\Z match before it, \\z does not', () => {
  expect([compileRegex('b$').test('ab\n'), compileRegex('b\\Z').test('ab\n'), compileRegex('b\\z').test('ab\n')]).toEqual([
    true,
    true,
    false,
  ])
  expect(regsub('ab\n', compileRegex('b$'), 'x')).toBe('ax\n')
})

test('an unset subject is the empty string', () => {
  expect([compileRegex('^$').test(undefined), compileRegex('x').test(undefined)]).toEqual([true, false])
})

test('groups keep their numbers when possessive quantifiers need groups of their own', () => {
  expect(regsub('aab12', compileRegex('(a++)(b)(\\d+)'), '\\3-\\2-\\1')).toBe('12-b-aa')
  expect(regsuball('abab', compileRegex('(?>a)(b)?'), '<\\1>')).toBe('<b><b>')
})

test('a replacement that multiplies stops growing', () => {
  const text = 'a'.repeat(5000)
  expect(regsuball(text, compileRegex('a'), text).length).toBeLessThan(2_000_000)
})
