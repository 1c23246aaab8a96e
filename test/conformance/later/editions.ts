import { again, FRESH, of, type LaterCase } from './case.ts'

const HINTS = { 'x-my-header': 'test' }
const NEW = { lines: [FRESH, 'Date: {0}'] }

/** Stale use that a directive forbids, when the origin closes the connection. */
const FORBIDDEN = ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=2'].map((directive) =>
  of(
    `stale-close-${directive}`,
    'required',
    { answer: { lines: [`Cache-Control: max-age=2, ${directive}`] }, pause: true },
    { answer: { closes: true }, expect: { from: 'nowhere' } },
  ),
)

function expires(id: string, from: 'store' | 'origin', ...values: readonly string[]): LaterCase {
  const lines = values.map((value) => `Expires: ${value}`)
  return again(`freshness-expires-${id}`, from === 'store' ? 'optimal' : 'required', from, ['Date: {0}', ...lines])
}

/** Where the editions that came after 0.4.5 ask for something else, or for more: what we know of them, in our own words. */
export const EDITIONS: readonly LaterCase[] = [
  // RFC 9111 section 5.1.
  again('age-parse-nonnumeric', 'required', 'store', ['Date: {0}', FRESH, 'Age: abc']),
  again('age-parse-negative', 'required', 'store', ['Date: {0}', FRESH, 'Age: -7200']),
  again('age-parse-float', 'required', 'store', ['Date: {0}', FRESH, 'Age: 7200.0']),
  again('age-parse-large-minus-one', 'required', 'origin', ['Date: {0}', FRESH, 'Age: 2147483647']),
  again('age-parse-large', 'required', 'origin', ['Date: {0}', FRESH, 'Age: 2147483648']),
  again('age-parse-larger', 'required', 'origin', ['Date: {0}', FRESH, 'Age: 2147483649']),
  again('age-parse-suffix', 'required', 'origin', ['Date: {0}', FRESH, 'Age: 7200, 0']),
  again('age-parse-prefix', 'required', 'store', ['Date: {0}', FRESH, 'Age: 0, 7200']),
  again('age-parse-suffix-twoline', 'required', 'origin', ['Date: {0}', FRESH, 'Age: 7200', 'Age: 0']),
  again('age-parse-prefix-twoline', 'required', 'store', ['Date: {0}', FRESH, 'Age: 0', 'Age: 7200']),
  again('age-parse-dup-0', 'required', 'store', ['Date: {0}', FRESH, 'Age: 0, 0']),
  again('age-parse-dup-0-twoline', 'required', 'store', ['Date: {0}', FRESH, 'Age: 0', 'Age: 0']),
  again('age-parse-dup-old', 'required', 'store', ['Date: {0}', 'Cache-Control: max-age=10000', 'Age: 3600', 'Age: 3600']),
  again('age-parse-parameter', 'check', 'origin', ['Date: {0}', FRESH, 'Age: 7200;foo=bar']),
  again('age-parse-numeric-parameter', 'check', 'origin', ['Date: {0}', FRESH, 'Age: 7200;foo=111']),
  // RFC 9111 section 5.3; the npm edition only asks.
  expires('32bit', 'store', 'Tue, 19 Jan 2038 14:14:08 GMT'),
  expires('far-future', 'store', 'Sun, 21 Nov 2286 04:46:39 GMT'),
  expires('rfc850', 'store', 'Thursday, 18-Aug-50 02:01:18 GMT'),
  expires('ansi-c', 'store', 'Thu Aug  8 02:01:18 2050'),
  expires('wrong-case-weekday', 'store', 'THU, 18 Aug 2050 02:01:18 GMT'),
  expires('wrong-case-month', 'store', 'Thu, 18 AUG 2050 02:01:18 GMT'),
  expires('wrong-case-tz', 'store', 'Thu, 18 Aug 2050 02:01:18 gMT'),
  expires('invalid-utc', 'origin', 'Thu, 18 Aug 2050 02:01:18 UTC'),
  expires('invalid-aest', 'origin', 'Thu, 18 Aug 2050 02:01:18 AEST'),
  expires('invalid-2-digit-year', 'origin', 'Thu, 18 Aug 50 02:01:18 GMT'),
  expires('invalid-no-comma', 'origin', 'Thu 18 Aug 2050 02:01:18 GMT'),
  expires('invalid-multiple-spaces', 'origin', 'Thu, 18  Aug  2050 02:01:18 GMT'),
  expires('invalid-date-dashes', 'origin', 'Thu, 18-Aug-2050 02:01:18 GMT'),
  expires('invalid-time-periods', 'origin', 'Thu, 18 Aug 2050 02.01.18 GMT'),
  expires('invalid-1-digit-hour', 'origin', 'Thu, 18 Aug 2050 2:01:18 GMT'),
  expires('invalid-multiple-lines', 'origin', 'Thu, 18 Aug 2050 2:01:18 GMT', 'Thu, 18 Aug 2050 2:01:19 GMT'),
  // RFC 5861 section 3, RFC 9111 section 4.2.4.
  again('stale-while-revalidate', 'optimal', 'store', ['Cache-Control: max-age=1, stale-while-revalidate=3600', 'ETag: "abc"']),
  of(
    'stale-while-revalidate-window',
    'required',
    { answer: { lines: ['Cache-Control: max-age=1, stale-while-revalidate=4', 'ETag: "abc"'] }, pause: true },
    { answer: { lines: ['Cache-Control: no-cache', 'ETag: "def"'] }, expect: { fields: { Turn: '0' } }, pause: true },
    { expect: { from: 'origin' } },
  ),
  ...FORBIDDEN,
  // RFC 9110 section 15.2: interim responses.
  of(
    'interim-102',
    'optimal',
    { answer: { ...NEW, interim: [{ status: 102 }] }, expect: { interim: [102] }, pause: true },
    { expect: { from: 'store', interim: [] } },
  ),
  of(
    'interim-103',
    'optimal',
    { answer: { ...NEW, interim: [{ status: 103, fields: HINTS }] }, expect: { interim: [103] }, pause: true },
    { expect: { from: 'store' } },
  ),
  of(
    'interim-not-cached',
    'required',
    { answer: { ...NEW, interim: [{ status: 103 }] }, expect: { interim: [103] }, pause: true },
    { expect: { from: 'store', interim: [] } },
  ),
  of(
    'interim-no-header-reuse',
    'optimal',
    { answer: { ...NEW, interim: [{ status: 103, fields: HINTS }] }, expect: { fields: { 'x-my-header': undefined } }, pause: true },
    { expect: { from: 'store', fields: { 'x-my-header': undefined, link: undefined } } },
  ),
  // RFC 9111 section 5.2.2.3.
  again('status-200-must-understand', 'optimal', 'store', ['Cache-Control: max-age=3600, no-store, must-understand']),
  of(
    'status-599-must-understand',
    'required',
    { answer: { status: 599, lines: ['Cache-Control: max-age=3600, no-store, must-understand'] } },
    { expect: { from: 'origin' } },
  ),
  // Others that are new.
  of('other-age-delay', 'check', { answer: { ...NEW, delay_ms: 2500 }, expect: { fields: { Age: /^[2-9]/ } } }),
  of(
    'other-date-update-expires',
    'required',
    { answer: { lines: ['Expires: {3600}', 'Date: {0}'] }, pause: true },
    { expect: { from: 'store', fields: { Expires: /GMT$/ } } },
  ),
  of(
    'conditional-etag-vary-headers-mismatch',
    'check',
    { ask: { lines: ['Abc: 123'] }, answer: { lines: ['Expires: {10000}', 'ETag: "abcdef"', 'Date: {0}', 'Vary: Abc'] }, pause: true },
    { ask: { lines: ['Abc: 456'] }, expect: { asked: { 'If-None-Match': '"abcdef"' } } },
  ),
  of(
    'partial-use-stored-headers',
    'required',
    { answer: { lines: [FRESH, 'A: 1'], body: '01234567890' } },
    { ask: { lines: ['Range: bytes=0-1'] }, expect: { from: 'store', status: 206, body: '01', fields: { A: '1' } } },
  ),
]
