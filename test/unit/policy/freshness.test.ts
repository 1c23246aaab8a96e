import { describe, expect, test } from 'vitest'
import { parseResponseDirectives } from '../../../src/policy/directives.ts'
import { correctedInitialAge_ms, freshnessLifetime_ms, NO_LIFETIME, originTime_ms } from '../../../src/policy/freshness.ts'
import { at, fields, NOON_MS, S } from './given.ts'

const NONE = NO_LIFETIME

describe('freshness lifetime, RFC 9111 section 4.2.1', () => {
  const rows: [sent: string[], expected_s: number, status?: number][] = [
    [[], NONE],
    [['Cache-Control: max-age=60'], 60],
    [['Cache-Control: max-age=60, s-maxage=5'], 5],
    [['Cache-Control: s-maxage=60, max-age=5'], 60],
    [['Cache-Control: max-age=0, s-maxage=60', `Expires: ${at(-10)}`], 60],
    [['Cache-Control: max-age=60', 'Expires: 0'], 60],
    [['Cache-Control: max-age=0', `Expires: ${at(60)}`], 0],
    [['Cache-Control: max-age=-1', `Expires: ${at(60)}`], 0],
    [['Cache-Control: s-maxage=x, max-age=60'], 0],
    // Expires minus Date, or minus our clock when Date cannot be read.
    [[`Expires: ${at(60)}`], 60],
    [[`Expires: ${at(60)}`, `Date: ${at(0)}`], 60],
    [[`Expires: ${at(60)}`, `Date: ${at(20)}`], 40],
    [[`Expires: ${at(60)}`, 'Date: foo'], 60],
    [[`Expires: ${at(300)}`, `Date: ${at(400)}`], 0],
    [[`Expires: ${at(0)}`, `Date: ${at(0)}`], 0],
    [[`Expires: ${at(-60)}`, `Date: ${at(0)}`], 0],
    // Section 5.3: what is no date is in the past.
    [['Expires: 0'], 0],
    [['Expires: -1'], 0],
    [['Expires:'], 0],
    [['Expires: Thu, 18 Aug 50 02:01:18 GMT'], 0],
    [['Expires: Thu, 18 Aug 2050 02:01:18 UTC'], 0],
    [['Expires: Thu, 18 Aug 2050 02:01:18 GMT; foo'], 0],
    [['Expires: Fri, 31 Dec 9999 23:59:59 GMT'], 2 ** 31],
    [[`Expires: ${at(60)}`, `Expires: ${at(90)}`], 60],
    // Section 4.2.2: a tenth of the time since the last change, a day at most.
    [[`Last-Modified: ${at(-1000)}`], 100],
    [[`Last-Modified: ${at(-1000)}`, `Date: ${at(-500)}`], 50],
    [[`Last-Modified: ${at(-86_400 * 365)}`], 86_400],
    [[`Last-Modified: ${at(100)}`], NONE],
    [['Last-Modified: yesterday'], NONE],
    [[`Last-Modified: ${at(-1000)}`, `Expires: 0`], 0],
    [[`Last-Modified: ${at(-1000)}`, 'Cache-Control: public'], 100, 599],
    ...[200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].map((status): [string[], number, number] => [
      [`Last-Modified: ${at(-1000)}`],
      100,
      status,
    ]),
    ...[201, 202, 302, 303, 307, 400, 401, 403, 500, 502, 503, 504, 599, 999].map((status): [string[], number, number] => [
      [`Last-Modified: ${at(-1000)}`],
      NONE,
      status,
    ]),
  ]
  test.each(rows)('%j is %d', (sent, expected_s, status = 200) => {
    const of = fields(...sent)
    const lifetime_ms = freshnessLifetime_ms(status, parseResponseDirectives(of), of, NOON_MS)
    expect(lifetime_ms).toBe(expected_s === NONE ? NONE : expected_s * S)
  })
})

describe('corrected initial age, section 4.2.3', () => {
  const rows: [name: string, age: string | undefined, date: string | undefined, delay_s: number, expected_s: number][] = [
    ['nothing is known', undefined, undefined, 0, 0],
    ['the request took a second', undefined, at(0), 1, 1],
    ['Age and the delay add up', '30', at(0), 1, 31],
    ['Date is older than Age', '30', at(-60), 1, 60],
    ['Age is older than Date', '90', at(-60), 1, 91],
    ['Date in the future', undefined, at(3600), 0, 0],
    ['Date is no date', '5', 'foo', 0, 5],
    ['Age is no number: ignored, section 5.1', 'abc', undefined, 0, 0],
    ['negative', '-7200', undefined, 0, 0],
    ['a fraction', '7200.0', undefined, 0, 0],
    ['parameter', '7200;foo=bar', undefined, 0, 0],
    ['empty', '', undefined, 0, 0],
    ['only commas', ',,', undefined, 0, 0],
    ['a list: its first member', '7200,0', undefined, 0, 7200],
    ['a list: its first member', '0, 7200', undefined, 0, 0],
    ['a list with an empty first member', ' , 10', undefined, 0, 10],
    ['a list whose first member is invalid', 'x, 10', undefined, 0, 0],
    ['overflow', '9'.repeat(400), undefined, 0, 2 ** 31],
    ['a Date before time', undefined, 'Thu, 01 Jan 1970 00:00:00 GMT', 0, NOON_MS / S],
    ['our clock went back', '1', at(0), -5, 1],
  ]
  test.each(rows)('%s', (_, age, date, delay_s, expected_s) => {
    expect(correctedInitialAge_ms(NOON_MS, NOON_MS - delay_s * S, age, date)).toBe(expected_s * S)
  })

  test('Date has whole seconds: a response that took 20 ms is not 900 ms old', () => {
    expect(correctedInitialAge_ms(NOON_MS + 900, NOON_MS + 880, undefined, at(0))).toBe(20)
  })

  test('the first of several Age lines counts', () => {
    expect(originTime_ms(NOON_MS, NOON_MS, fields('Age: 0', 'Age: 7200'))).toBe(NOON_MS)
    expect(originTime_ms(NOON_MS, NOON_MS, fields('Age: 7200', 'Age: 0'))).toBe(NOON_MS - 7200 * S)
  })
})
