import { describe, expect, test } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'
import { readRing } from '../../../src/log/reader.ts'
import { TAG } from '../../../src/log/tags.ts'
import type { LogOptions, Transaction } from '../../../src/log/writer.ts'
import { open } from './kit.ts'

/** "Tag text" of each record of the one transaction that `say` writes. */
function written(say: (transaction: Transaction) => void, options: Partial<LogOptions> = {}): string[] {
  const { ring, log } = open(options)
  const transaction = log.open(log.nextXid(), 'client')
  say(transaction)
  transaction.end()
  return [...readRing(ring)].map((record) => `${record.name} ${record.text}`)
}

describe('records', () => {
  const fields = new Fields()
  fields.append('Host', 'example.com')
  fields.append('User-Agent', 'a browser with a name that is longer than twenty characters')

  test.each<[string, (t: Transaction) => void, string[]]>([
    ['begin', (t) => t.begin('req', 1001, 'rxreq'), ['Begin req 1001 rxreq']],
    ['link', (t) => t.link('bereq', 1003, 'fetch'), ['Link bereq 1003 fetch']],
    ['text', (t) => t.record(TAG.ReqMethod, 'GET'), ['ReqMethod GET']],
    ['empty text', (t) => t.record(TAG.Filters, ''), ['Filters ']],
    ['bytes above 127', (t) => t.record(TAG.ReqURL, '/caf\xe9'), ['ReqURL /caf\xe9']],
    ['long bytes above 127', (t) => t.record(TAG.ReqURL, '/caf\xe9'.repeat(9)), [`ReqURL ${'/caf\xe9'.repeat(9)}`]],
    ['a field', (t) => t.field(TAG.ReqHeader, 'Host', 'a'), ['ReqHeader Host: a']],
    ['fields', (t) => t.fields(TAG.ReqHeader, fields), fields.names.map((name, i) => `ReqHeader ${name}: ${fields.values[i]}`)],
    ['account', (t) => t.account(TAG.ReqAcct, 412, 0, 317, 10_000_000_000), ['ReqAcct 412 0 412 317 10000000000 10000000317']],
    ['hit', (t) => t.hit(32_770, -0.5, 10, 0), ['Hit 32770 -0.500000 10.000000 0.000000']],
    ['a field with a number', (t) => t.numberField(TAG.RespHeader, 'Age', 12), ['RespHeader Age: 12']],
    ['what a marker says', (t) => t.marker(TAG.HitMiss, 10, 119.5), ['HitMiss 10 119.500000']],
    [
      'a head',
      (t) => t.respHead({ status: 200, reason: 'OK', fields }),
      [
        'RespProtocol HTTP/1.1',
        'RespStatus 200',
        'RespReason OK',
        ...fields.names.map((name, i) => `RespHeader ${name}: ${fields.values[i]}`),
      ],
    ],
    ['a masked tag is not written', (t) => t.record(TAG.Hash, 'x'), []],
  ])('%s', (_, say, expected) => {
    expect(written(say)).toEqual([...expected, 'End '])
  })

  test.each([
    [1_795_377_297_123.456, 0, 0, '1795377297.123456 0.000000 0.000000'],
    [1_795_377_297_000, 0.0215, 1234.5, '1795377297.000000 0.000022 1.234500'],
    [0.001, 59_999.9999, -1, '0.000001 60.000000 -0.001000'],
    [999.9996, 1e10, 0.9994, '1.000000 10000000.000000 0.000999'],
  ])('timestamp of %d ms', (at_ms, start_ms, last_ms, text) => {
    expect(written((t) => t.timestamp('Start', at_ms, start_ms, last_ms))[0]).toBe(`Timestamp Start: ${text}`)
  })

  test.each([0, 7, 10, 99, 100, 101, 12_345, 999_999, 1_000_000, 123_456_789, 999_999_999, 1_000_000_000, 1_000_000_007, 2 ** 53 - 1, -42])(
    'number %d',
    (value) => expect(written((t) => t.number(TAG.Length, value))[0]).toBe(`Length ${value}`),
  )
})

describe('a number that cannot be is cut to one that can', () => {
  test.each<[string, (t: Transaction) => void, string]>([
    ['NaN', (t) => t.number(TAG.Length, Number.NaN), 'Length 0'],
    ['infinity', (t) => t.number(TAG.Length, Infinity), 'Length 9007199254740991'],
    ['minus infinity', (t) => t.number(TAG.Length, -Infinity), 'Length -9007199254740991'],
    ['lifetimes', (t) => t.hit(1, Infinity, -Infinity, Number.NaN), 'Hit 1 9007199254.740991 -9007199254.740991 0.000000'],
    ['times', (t) => t.timestamp('T', Number.NaN, Infinity, 1e300), 'Timestamp T: 0.000000 9007199254.740991 9007199254.740991'],
    ['a time before 1970', (t) => t.timestamp('T', -5, 0, 0), 'Timestamp T: 0.000000 0.000000 0.000000'],
  ])('%s', (_, say, expected) => expect(written(say)[0]).toBe(expected))
})

test('accounts are right when they repeat and when they do not', () => {
  const numbers = [1, 1, 1, 2, 1, 1, 1, 1, 1e10, 1e10, 1e10]
  expect(written((t) => numbers.forEach((n) => t.account(TAG.ReqAcct, n, 0, n, 5)))).toEqual([
    ...numbers.map((n) => `ReqAcct ${n} 0 ${n} ${n} 5 ${n + 5}`),
    'End ',
  ])
})

describe('vsl_reclen', () => {
  const long = 'x'.repeat(1000)
  test.each<[string, (t: Transaction) => void, string]>([
    ['a text', (t) => t.record(TAG.ReqURL, long), `ReqURL ${long.slice(0, 31)}`],
    ['a field', (t) => t.field(TAG.ReqHeader, 'Cookie', long), `ReqHeader Cookie: ${long.slice(0, 23)}`],
    ['a text that just fits', (t) => t.record(TAG.ReqURL, long.slice(0, 31)), `ReqURL ${long.slice(0, 31)}`],
    ['numbers', (t) => t.timestamp('Start', 1_795_377_297_123.456, 0, 0), 'Timestamp Start: 1795377297.123456 0.0000'],
    ['a label from rules', (t) => t.timestamp(long, 0, 0, 0), `Timestamp ${long.slice(0, 31)}`],
    ['a reason', (t) => t.begin('req', 1, long), `Begin req 1 ${long.slice(0, 25)}`],
  ])('cuts %s', (_, say, expected) => expect(written(say, { reclen_bytes: 32 })[0]).toBe(expected))

  test('the longest possible record fits', () => {
    expect(written((t) => t.record(TAG.ReqURL, 'y'.repeat(20_000)), { reclen_bytes: 4096, buffer_bytes: 267 })[0]).toHaveLength(7 + 4095)
  })
})
