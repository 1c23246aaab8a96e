import { describe, expect, test } from 'vitest'
import { contentLanguage, preferredLanguage } from '../../../src/policy/language.ts'
import { readWeighted, writeWeighted } from '../../../src/policy/weights.ts'
import { fields } from './given.ts'

describe('the language that a request prefers to all others, RFC 9110 section 12.5.4', () => {
  const rows: [sent: string[], expected: string | undefined][] = [
    [['Accept-Language: de'], 'de'],
    [['Accept-Language: DE-ch'], 'de-ch'],
    [['Accept-Language: fr;q=0.5, de;q=1.0'], 'de'],
    [['Accept-Language: de ; q=0.9 , fr;q=0.8, *;q=0.1'], 'de'],
    [['Accept-Language: fr;q=0.2', 'Accept-Language: de;q=0.3'], 'de'],
    [['Accept-Language: de, DE'], 'de'],
    // Several are as welcome: their order says nothing.
    [['Accept-Language: en, de'], undefined],
    [['Accept-Language: en, de, en'], undefined],
    [['Accept-Language: en, de;q=1.000, fr;q=0.1'], undefined],
    // Any is, or none.
    [['Accept-Language: *'], undefined],
    [['Accept-Language: *;q=0.9, de;q=0.5'], undefined],
    [['Accept-Language: de;q=0'], undefined],
    [['Accept-Language:'], undefined],
    [[], undefined],
    // It cannot be told.
    [['Accept-Language: de;q=2'], undefined],
    [['Accept-Language: de;q=0.1234, fr;q=0.1'], undefined],
    [['Accept-Language: d e_'], undefined],
    [[`Accept-Language: ${'a,'.repeat(1000)}de`], undefined],
  ]
  test.each(rows)('%j: %s', (sent, expected) => expect(preferredLanguage(fields(...sent))).toBe(expected))
})

test('the one language that a response is in', () => {
  expect(contentLanguage(fields('Content-Language: De-CH'))).toBe('de-ch')
  for (const none of [[], ['Content-Language: de, en'], ['Content-Language: de', 'Content-Language: en'], ['Content-Language: *']])
    expect(contentLanguage(fields(...none))).toBe(undefined)
  expect(contentLanguage(undefined)).toBe(undefined)
})

describe('weights, RFC 9110 section 12.4.2', () => {
  const rows: [raw: string, written: string][] = [
    ['gzip', 'gzip'],
    [' GZip ; Q=1.0 ', 'gzip'],
    ['br;q=0.50', 'br;q=0.5'],
    ['br;q=0.', 'br;q=0'],
    ['br;q=0.001', 'br;q=0.001'],
    ['br;q=1.5', 'br;q=1.5'],
    ['br;q=.5', 'br;q=.5'],
    ['br;x=1;q=0.70', 'br;x=1;q=0.7'],
  ]
  test.each(rows)('%j is %j', (raw, written) => {
    const read = readWeighted(raw)
    expect(read && writeWeighted(read)).toBe(written)
  })

  test('nothing is nothing', () => expect(readWeighted(' \t')).toBe(undefined))
})
