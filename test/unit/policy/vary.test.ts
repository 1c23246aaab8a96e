import { describe, expect, test } from 'vitest'
import { languageKey, variantKey, varySpec } from '../../../src/policy/vary.ts'
import { fields } from './given.ts'

describe('varySpec', () => {
  const rows: [sent: string[], expected: string][] = [
    [[], ''],
    [['Vary:'], ''],
    [['Vary: , ,'], ''],
    [['Vary: Accept'], 'accept'],
    [['Vary: Foo, Bar,foo'], 'bar,foo'],
    [['Vary: foo', 'Vary: BAR'], 'bar,foo'],
    [['Vary: *'], '*'],
    [['Vary: *, *'], '*'],
    [['Vary: *', 'Vary: *'], '*'],
    [['Vary: , *'], '*'],
    [['Vary: foo', 'Vary: bar, *'], '*'],
    // Not a field name: nobody can say what it depends on.
    [['Vary: foo bar'], '*'],
    [['Vary: "foo"'], '*'],
    [[`Vary: ${Array.from({ length: 33 }, (_, i) => `f${i}`).join()}`], '*'],
    [[`Vary: ${'foo,'.repeat(10_000)}`], 'foo'],
  ]
  test.each(rows)('%j', (sent, expected) => expect(varySpec(fields(...sent))).toBe(expected))
})

describe('variantKey', () => {
  const same: [spec: string, a: string[], b: string[]][] = [
    ['', ['Foo: 1'], ['Foo: 2']],
    ['foo', ['Foo: 1'], ['foo: 1', 'Other: 2']],
    ['foo', ['Foo: 1, 2'], ['Foo: 1', 'Foo: 2']],
    ['foo', ['Foo: 1,2'], ['Foo: 1 ,\t2 ']],
    ['foo', [], ['Bar: 1']],
    ['accept-language', ['Accept-Language: en, de'], ['Accept-Language: de,EN']],
    ['accept-language', ['Accept-Language: en, de;q=0.5'], ['Accept-Language: de;q=0.5, en;q=1.000']],
    ['accept-encoding', ['Accept-Encoding: gzip, br'], ['Accept-Encoding: BR ,gzip']],
    ['accept-language', ['Accept-Language: en;q=0.50, de;q=0.5'], ['Accept-Language: de;q=0.500,en ; q=0.5']],
    ['accept-encoding', ['Accept-Encoding: gzip, br;q=0.0'], ['Accept-Encoding: br;q=0, X-GZIP']],
    ['bar,foo', ['Foo: 1', 'Bar: 2'], ['Bar: 2', 'Foo: 1']],
  ]
  test.each(same)('%s: %j is %j', (spec, a, b) => expect(variantKey(spec, fields(...a))).toBe(variantKey(spec, fields(...b))))

  const different: [spec: string, a: string[], b: string[]][] = [
    ['foo', ['Foo: 1'], ['Foo: 2']],
    ['foo', ['Foo: 1'], []],
    ['foo', ['Foo:'], []],
    ['foo', ['Foo: -'], []],
    ['foo', ['Foo: a'], ['Foo: A']],
    ['foo', ['Foo: 1, 2'], ['Foo: 2, 1']],
    ['foo', ['Foo: "a, b"'], ['Foo: "a,b"']],
    ['foo', ['Foo: "a\\", b"'], ['Foo: "a\\",b"']],
    ['foo', ['Foo: a b'], ['Foo: ab']],
    ['accept-encoding', ['Accept-Encoding: gzip'], ['Accept-Encoding: gzip;q=0']],
    ['accept-language', ['Accept-Language: en'], ['Accept-Language: en;q=0.1']],
    ['accept-language', ['Accept-Language: en;q=0.5, de'], ['Accept-Language: en;q=0.4, de']],
    ['accept-encoding', ['Accept-Encoding: gzip;q=0.5'], ['Accept-Encoding: gzip;q=.5']],
    ['bar,foo', ['Foo: 1'], ['Bar: 1']],
    ['bar,foo', ['Foo: x', 'Bar: y'], ['Foo: y', 'Bar: x']],
  ]
  test.each(different)('%s: %j is not %j', (spec, a, b) => expect(variantKey(spec, fields(...a))).not.toBe(variantKey(spec, fields(...b))))

  test('hostile variety stays correct after what was remembered is forgotten', () => {
    for (let i = 0; i < 10_000; i++) expect(variantKey('foo', fields(`Foo: v${i}`))).toBe(`=v${i}`)
    for (let i = 0; i < 10_000; i++) expect(variantKey(`f${i},foo`, fields('Foo: a'))).toBe('-\n=a')
    expect(variantKey('foo', fields(`Foo: ${'x'.repeat(100_000)}`))).toHaveLength(100_001)
  })
})

test('languageKey: the other fields count as they are, and no value is taken for a language', () => {
  const request = fields('Accept-Language: ~de', 'X: 1')
  expect(languageKey('x', request, 'de')).toBe(undefined)
  expect(languageKey('accept-language', request, 'de')).toBe('~de')
  expect(languageKey('accept-language,x', request, 'de')).toBe('~de\n=1')
  expect(variantKey('accept-language', request)).not.toBe(languageKey('accept-language', request, 'de'))
})
