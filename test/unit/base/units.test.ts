import { describe, expect, test } from 'vitest'
import { formatBytes, formatDuration, parseBoolean, parseBytes, parseDuration, parseInteger, parseNumber } from '../../../src/base/units.ts'

describe('durations, in seconds', () => {
  test.each([
    ['10s', 10],
    ['10', 10],
    ['1.5m', 90],
    ['100ms', 0.1],
    ['2h', 7200],
    ['1d', 86_400],
    ['1w', 604_800],
    ['1y', 31_536_000],
    ['10 s', 10],
    ['0', 0],
    ['-1s', -1],
    ['0.050', 0.05],
    ['.5s', 0.5],
    ['.01', 0.01],
    ['1.s', 1],
  ])('%s', (text, seconds) => expect(parseDuration(text)).toBe(seconds))

  test.each([
    '',
    's',
    '10x',
    '10S',
    '.',
    '.s',
    '-.s',
    '1e3',
    '1_0',
    '+1',
    '--1',
    '10s5',
    'Infinity',
    'NaN',
    '0x10',
    '1,5s',
    '1234567890123456s',
    '1.1.1',
  ])('not %j', (text) => expect(parseDuration(text)).toBeUndefined())

  test.each([
    [0, '0s'],
    [0.05, '50ms'],
    [3.5, '3.5s'],
    [90, '90s'],
    [120, '2m'],
    [3600, '1h'],
    [86_400, '1d'],
    [-1, '-1s'],
  ])('%d is written %s and read back', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
    expect(parseDuration(text)).toBe(seconds)
  })
})

describe('bytes', () => {
  test.each([
    ['512b', 512],
    ['512', 512],
    ['64k', 65_536],
    ['64K', 65_536],
    ['10MB', 10_485_760],
    ['1G', 2 ** 30],
    ['1 g', 2 ** 30],
    ['0.25k', 256],
    ['2T', 2 ** 41],
    ['0', 0],
  ])('%s', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  test.each(['', 'k', '1kk', '1bb', '1kib', '-1', '1p', '0x10', '999999999999999T', '1e9', '5 5'])('not %j', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  )

  test.each([
    [0, '0'],
    [1000, '1000b'],
    [1024, '1k'],
    [2 ** 20, '1M'],
    [2 ** 30, '1G'],
    [2 ** 40, '1T'],
    [1536, '1536b'],
  ])('%d is written %s and read back', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
    expect(parseBytes(text)).toBe(bytes)
  })
})

test.each([
  ['on', true],
  ['TRUE', true],
  ['yes', true],
  ['off', false],
  ['false', false],
  ['no', false],
  ['1', undefined],
  ['', undefined],
])('boolean %j is %s', (text, value) => expect(parseBoolean(text)).toBe(value))

test.each([
  ['0', 0],
  ['42', 42],
  ['-7', -7],
  ['1.0', undefined],
  ['', undefined],
  ['1e3', undefined],
  ['99999999999999999999', undefined],
])('integer %j is %s', (text, value) => expect(parseInteger(text)).toBe(value))

test('a long row of digits is refused in one pass', () => {
  expect(parseNumber('9'.repeat(1_000_000))).toBeUndefined()
  expect(parseDuration('1.'.repeat(500_000))).toBeUndefined()
})
