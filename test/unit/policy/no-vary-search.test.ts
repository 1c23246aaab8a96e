import { describe, expect, test } from 'vitest'
import { canonicalSearch, queryOf, sameSearch, searchSpec } from '../../../src/policy/no-vary-search.ts'
import { fields } from './given.ts'
import { cpu_ms } from '../../kit/cpu-time.ts'

const spec = (text: string): string => searchSpec(fields(`No-Vary-Search: ${text}`))

describe('what a response says (the examples of the draft among them)', () => {
  test.each([
    ['params', 'o+'],
    ['params=?1', 'o+'],
    ['params=("a")', 'o-a'],
    ['params=("b" "a" "b")', 'o-a&b'],
    ['params, except=("x")', 'o+x'],
    ['key-order', 'u-'],
    ['key-order=?1, params=("a")', 'u-a'],
    ['params, key-order, except=("x")', 'u+x'],
    ['params=("%C3%A9+%E6%B0%97")', 'o-%C3%A9%20%E6%B0%97'],
    ['params=("a=b" "c&d")', 'o-a%3Db&c%26d'],
    ['params, except=()', 'o+'],
    ['key-order, something-new=5', 'u-'],
  ])('%s', (text, expected) => {
    expect(spec(text)).toBe(expected)
  })

  test.each([
    'unknown-key',
    'key-order="not a boolean"',
    'params="not a boolean or inner list"',
    'params=(not-a-string)',
    'params=("a"), except=("x")',
    'params=(), except=()',
    'params=?0, except=("x")',
    'params, except=(not-a-string)',
    'params, except="not an inner list"',
    'params, except=?1',
    'except=("x")',
    'except=()',
    'params=?0',
    'params=()',
    'key-order=?0',
    '',
    'params=("a"',
    `params=(${'"a" '.repeat(65)})`,
    `params=("${'x'.repeat(2000)}")`,
  ])('nothing: %s', (text) => {
    expect(spec(text)).toBe('')
  })

  test('nothing without the field', () => {
    expect(searchSpec(fields())).toBe('')
  })
})

describe('which queries are the same', () => {
  test.each([
    // The draft's examples for any spec.
    ['key-order', '', '', true],
    ['key-order', 'a=x', '%61=%78', true],
    ['key-order', 'a=%f6', 'a=%ef%bf%bd', true],
    ['key-order', 'a=x&&&&', 'a=x', true],
    ['key-order', 'a=', 'a', true],
    ['key-order', 'a=%20', 'a=+', true],
    ['key-order', 'a=1&b=2', 'b=2&a=1', true],
    ['key-order', 'a=1&a=2', 'a=2&a=1', false],
    ['key-order', 'a=1&b=0&a=2', 'b=0&a=1&a=2', true],
    ['params=("utm")', 'a=1&utm=2', 'a=1', true],
    ['params=("utm")', 'a=1&utm=2', 'utm=3&a=1', true],
    ['params=("utm")', 'a=1&utm=2', 'a=2&utm=2', false],
    ['params=("utm")', 'a=1&b=2', 'b=2&a=1', false],
    ['params=("é 気")', 'x', 'x', true],
    ['params=("%C3%A9+%E6%B0%97")', '%C3%A9%20%E6%B0%97=4', '%C3%A9+%E6%B0%97=1', true],
    ['params', 'a=1', 'b=2', true],
    ['params', 'a=1', '', true],
    ['params, except=("id")', 'id=1&x=2', 'y=3&id=1', true],
    ['params, except=("id")', 'id=1', 'id=2', false],
    ['params, except=("id")', 'id=1', '', false],
    ['params, except=("a" "b"), key-order', 'a=1&c=0&b=2', 'b=2&a=1', true],
    ['params, except=("a" "b")', 'a=1&b=2', 'b=2&a=1', false],
    // A name that is like the way pairs are written.
    ['key-order', 'a%3D1=2', 'a=1%3D2', false],
    ['key-order', 'a=1%26b=2', 'a=1&b=2', false],
    ['key-order', '?a', 'a', false],
    // Without it texts decide.
    ['', 'a=x', '%61=x', false],
    ['', 'a=x', 'a=x', true],
  ])('%s: %s and %s', (text, a, b, expected) => {
    const said = spec(text)
    expect([sameSearch(said, a, b), sameSearch(said, b, a)]).toEqual([expected, expected])
  })

  test('the query of a target is what follows its first "?"', () => {
    expect(['/a', '/a?', '/a?b', '/a??b?c', '*'].map(queryOf)).toEqual(['', '', 'b', '?b?c', ''])
  })

  test('as long as a request may be it takes no time to speak of', () => {
    const query = 'a=1&'.repeat(8000)
    expect(cpu_ms(() => void canonicalSearch(spec('key-order, params=("b")'), query))).toBeLessThan(1000)
  })
})
