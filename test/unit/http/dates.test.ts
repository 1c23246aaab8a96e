import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../../src/http/dates.ts'

const NOW_MS = Date.UTC(2026, 10, 23)
const NOV_6_1994 = Date.UTC(1994, 10, 6, 8, 49, 37)

/** A date as sent and what it means (RFC 9110 section 5.6.7). */
const dates: [text: string, ms: number][] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', NOV_6_1994],
  ['Sunday, 06-Nov-94 08:49:37 GMT', NOV_6_1994],
  ['Sun Nov  6 08:49:37 1994', NOV_6_1994],
  ['Sun Nov 06 08:49:37 1994', NOV_6_1994],
  ['Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Wed, 31 Dec 1969 23:59:59 GMT', -1000],
  ['Mon, 01 Jan 0001 00:00:00 GMT', -62135596800000],
  ['Sat, 01 Jan 0000 00:00:00 GMT', -62167219200000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 253402300799000],
  ['Tue, 19 Jan 2038 03:14:08 GMT', 2 ** 31 * 1000],
  ['Thu, 29 Feb 2024 12:00:00 GMT', Date.UTC(2024, 1, 29, 12)],
  ['Tue, 29 Feb 2000 12:00:00 GMT', Date.UTC(2000, 1, 29, 12)],
  // A leap second is the next second.
  ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
  // Case does not matter to caches (RFC 9111 section 4.2), nor whether the weekday is right.
  ['SUN, 06 nov 1994 08:49:37 gmt', NOV_6_1994],
  ['sunday, 06-NOV-94 08:49:37 Gmt', NOV_6_1994],
  ['Mon, 06 Nov 1994 08:49:37 GMT', NOV_6_1994],
  // Two digits: never more than 50 years ahead.
  ['Thursday, 18-Aug-50 02:01:18 GMT', Date.UTC(2050, 7, 18, 2, 1, 18)],
  ['Thursday, 18-Aug-76 02:01:18 GMT', Date.UTC(2076, 7, 18, 2, 1, 18)],
  ['Thursday, 18-Aug-77 02:01:18 GMT', Date.UTC(1977, 7, 18, 2, 1, 18)],
  ['Thursday, 18-Aug-26 02:01:18 GMT', Date.UTC(2026, 7, 18, 2, 1, 18)],
  ['Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
]

const notDates = [
  '',
  '0',
  '-1',
  'now',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT ',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37 +00',
  'Sun, 06 Nov 1994 08:49:37 EST',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun,  6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 94 08:49:37 GMT',
  'Sun, 06 Nov 1994 8:49:37 GMT',
  'Sun, 06 Nov 1994  8:49:37 GMT',
  'Sun, 06 Nov 1994 08-49-37 GMT',
  'Sun, 06-Nov-1994 08:49:37 GMT',
  'Sun, 06  Nov 1994 08:49:37 GM',
  'Sun; 06 Nov 1994 08:49:37 GMT',
  'Son, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nox 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun, 31 Nov 1994 08:49:37 GMT',
  'Sun, 30 Feb 2024 08:49:37 GMT',
  'Sun, 29 Feb 2023 08:49:37 GMT',
  'Sun, 29 Feb 1900 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:00 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  'Sun, +6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov -994 08:49:37 GMT',
  'Sun, 0x Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:3\u0667 GMT',
  'Sun, 06 Nov 1994\t08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-1994 08:49:37 GMT',
  'Sunday, 6-Nov-94 08:49:37 GMT',
  'Sunday, 06 Nov 94 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 PST',
  'Sunday 06-Nov-94 08:49:37 GMT',
  'Someday, 06-Nov-94 08:49:37 GMT',
  'Sun, 06-Nov-94 08:49:37 GMT',
  'Sun Nov 6 08:49:37 1994',
  'Sun Nov  6 08:49:37 94  ',
  'Sun Nov   6 08:49:37 199',
  'Sun Nov  6 08:49:37 1994 GMT',
  'Tue 19 Jan 2038 14:14:08 GMT',
  '1994-11-06T08:49:37Z',
  'a'.repeat(100_000),
]

describe('dates', () => {
  for (const [text, ms] of dates) test(text, () => expect(parseHttpDate(text, NOW_MS)).toBe(ms))
  for (const text of notDates) test(`not a date: ${text.slice(0, 60)}`, () => expect(parseHttpDate(text, NOW_MS)).toBeNaN())
})

test('what is formatted can be parsed, second by second and century by century', () => {
  for (let ms = 0; ms < 253402300800000; ms += 86_400_000 * 997 + 3_601_000) {
    expect(formatHttpDate(ms + 999)).toHaveLength(29)
    expect(parseHttpDate(formatHttpDate(ms + 999))).toBe(ms)
  }
})

test('one second is one string, the next another', () => {
  expect(formatHttpDate(NOV_6_1994 + 1)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
  expect(formatHttpDate(NOV_6_1994 + 999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
  expect(formatHttpDate(NOV_6_1994 + 1000)).toBe('Sun, 06 Nov 1994 08:49:38 GMT')
})

test('a time that has no date gets the nearest', () => {
  expect(formatHttpDate(Infinity)).toBe('Fri, 31 Dec 9999 23:59:59 GMT')
  expect(formatHttpDate(-5)).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
  expect(formatHttpDate(NaN)).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
})
