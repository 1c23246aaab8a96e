import * as fc from 'fast-check'
import type { Lines } from './rfc9111/message.ts'

/** What is generated: plain data, so that a failure can be printed, shrunk and written down. */
export interface Step {
  readonly wait_s: number
  readonly method: string
  readonly target: string
  readonly request: Lines
  readonly origin: Origin
}

/** What the origin does if it is asked. */
export interface Origin {
  /** "confirms": 304 where the request is conditional; "claims": the same, with validators of its own. */
  readonly kind: 'whole' | 'confirms' | 'claims' | 'closed' | 'broken'
  readonly delay_s: number
  readonly status: number
  readonly lines: readonly Line[]
}

/** A field line; a number is a date so many seconds from now. */
export type Line = readonly [name: string, value: string | number, form?: DateForm]
export type DateForm = 'imf' | 'rfc850' | 'asctime'

const seconds = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('10', '10', '60', '100', '1000') },
  { weight: 1, arbitrary: fc.constantFrom('0', '1', '2147483648', '99999999999999999999', '010') },
  { weight: 1, arbitrary: fc.constantFrom('-1', '1.5', 'abc', '', ' 10', '10 x', '"10"', '"10', '0x10', '1e3', '+10', '10;x') },
)

const cased = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(name) },
    { weight: 1, arbitrary: fc.constantFrom(name.toUpperCase(), `${name[0].toUpperCase()}${name.slice(1)}`) },
  )

const valued = (name: string): fc.Arbitrary<string> => fc.tuple(cased(name), seconds).map(([n, s]) => `${n}=${s}`)

const responseDirective = fc.oneof(
  { weight: 12, arbitrary: valued('max-age') },
  { weight: 4, arbitrary: valued('s-maxage') },
  { weight: 3, arbitrary: valued('stale-while-revalidate') },
  { weight: 3, arbitrary: valued('stale-if-error') },
  { weight: 3, arbitrary: cased('public') },
  { weight: 2, arbitrary: cased('must-revalidate') },
  { weight: 1, arbitrary: cased('proxy-revalidate') },
  { weight: 2, arbitrary: cased('no-cache') },
  { weight: 1, arbitrary: cased('no-store') },
  { weight: 1, arbitrary: cased('private') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('must-understand', 'immutable', 'no-transform', 'max-age', 's-maxage', 'no-store=x', 'public="x"'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'private="x-a"',
      'no-cache="x-a"',
      'no-cache="X-A, set-cookie"',
      'private=x-a',
      'private=""',
      'no-cache="x-a',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('community="UCI, max-age=5"', 'x', 'max-age =10', '=', '"', 'max-agee=10', ',', 'foo="max-age=1000"'),
  },
)

const requestDirective = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('no-cache', 'max-age=0', 'max-age=50', 'max-age=10', 'No-Cache') },
  { weight: 2, arbitrary: fc.constantFrom('min-fresh=5', 'min-fresh=50', 'min-fresh=x') },
  { weight: 3, arbitrary: fc.constantFrom('max-stale', 'max-stale=20', 'max-stale=1000', 'max-stale=x') },
  { weight: 2, arbitrary: fc.constantFrom('only-if-cached', 'stale-if-error=100', 'stale-if-error=10', 'no-store', 'no-transform') },
  { weight: 1, arbitrary: fc.constantFrom('max-age=x', 'max-age="10"', 'x="no-cache"', 'max-age=99999999999') },
)

/** Directives as one line or as several, with and without spaces. */
const cacheControl = (directive: fc.Arbitrary<string>, max: number): fc.Arbitrary<Line[]> =>
  fc
    .tuple(fc.array(directive, { minLength: 1, maxLength: max }), fc.constantFrom(', ', ', ', ',', ' , ', '\n'))
    .map(([directives, joint]) => (joint === '\n' ? directives : [directives.join(joint)]).map((value): Line => ['Cache-Control', value]))

const form = fc.constantFrom<DateForm>('imf', 'imf', 'imf', 'rfc850', 'asctime')
const notDate = fc.constantFrom('0', '-1', 'never', 'Thu, 01 Jan 2026 00:00:00', '')
const date = (name: string, offsets: number[]): fc.Arbitrary<Line> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.tuple(fc.constantFrom(...offsets), form).map(([offset, f]): Line => [name, offset, f]) },
    { weight: 1, arbitrary: notDate.map((value): Line => [name, value]) },
  )

const some = (arbitrary: fc.Arbitrary<Line>, freq: number): fc.Arbitrary<Line[]> =>
  fc.option(arbitrary, { freq, nil: undefined }).map((line) => (line === undefined ? [] : [line]))
const line = (name: string, ...values: string[]): fc.Arbitrary<Line> => fc.constantFrom(...values).map((value): Line => [name, value])

const rarely = (arbitrary: fc.Arbitrary<Line>): fc.Arbitrary<Line[]> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant<Line[]>([]) }, { weight: 1, arbitrary: arbitrary.map((l) => [l]) })

const ageValues = ['0', '5', '30', '5, 1000', '-1', 'abc', '1.5', '', '99999999999999', '5;x']

const responseLines: fc.Arbitrary<Line[]> = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: cacheControl(responseDirective, 4) }, { weight: 1, arbitrary: fc.constant<Line[]>([]) }),
    fc.oneof(
      { weight: 2, arbitrary: date('Date', [0, 0, 0, -20, 20, -2_000_000, 2_000_000]).map((l) => [l]) },
      { weight: 1, arbitrary: fc.constant<Line[]>([]) },
    ),
    rarely(date('Expires', [60, 60, 0, -20, 100_000_000])),
    rarely(date('Expires', [10])),
    rarely(line('Age', ...ageValues)),
    rarely(line('Age', '7')),
    some(line('ETag', '"a"', '"a"', '"b"', 'W/"a"', 'W/"b"', '"x,y"', 'a', ''), 2),
    rarely(date('Last-Modified', [-100, -1000, -100_000, 1000])),
    rarely(line('Vary', 'X-User', 'x-user, Accept-Encoding', 'Accept-Encoding', '*', 'X-User, *', 'Accept-Language', '')),
    rarely(line('Set-Cookie', 'sid=1')),
    rarely(line('X-A', 'secret')),
    rarely(line('Pragma', 'no-cache')),
    rarely(line('Connection', 'X-A')),
    rarely(line('Location', '/b', 'http://HOST/b', 'http://other.test/b', '//other.test/a', '?x')),
    rarely(line('Content-Location', '/b', '/a', 'http://HOST/a')),
  )
  .map((groups) => groups.flat())

const requestLines = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constant<Line[]>([]) }, { weight: 2, arbitrary: cacheControl(requestDirective, 2) }),
    rarely(line('Authorization', 'Basic eA==')),
    rarely(line('Cookie', 'sid=1')),
    rarely(line('X-User', '1', '2', ' 1 ')),
    rarely(line('Accept-Encoding', 'gzip', 'gzip, br', 'br,gzip;q=1.0', 'br', 'gzip;q=0.5')),
    rarely(line('Accept-Language', 'de', 'en, de;q=0.5', 'DE')),
    rarely(line('Pragma', 'no-cache')),
    rarely(line('If-None-Match', '"a"', 'W/"a"', '"b", "a"', '*', '"x,y"', '"zz"')),
    rarely(line('If-Modified-Since', 'Wed, 31 Dec 2025 00:00:00 GMT', 'Sat, 01 Jan 2050 00:00:00 GMT', 'x')),
  )
  .map((groups) => groups.flat().map(([name, value]): [string, string] => [name, String(value)]))

const origin: fc.Arbitrary<Origin> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Origin['kind']>('whole') },
    { weight: 10, arbitrary: fc.constant<Origin['kind']>('confirms') },
    { weight: 2, arbitrary: fc.constant<Origin['kind']>('claims') },
    { weight: 2, arbitrary: fc.constantFrom<Origin['kind']>('closed', 'closed', 'broken') },
  ),
  delay_s: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 5, 0.5) }),
  status: fc.oneof(
    { weight: 16, arbitrary: fc.constant(200) },
    { weight: 4, arbitrary: fc.constantFrom(203, 204, 299, 301, 302, 307, 308, 400, 403, 404, 405, 410, 414, 429, 451, 501, 599) },
    { weight: 2, arbitrary: fc.constantFrom(500, 502, 503, 504) },
  ),
  lines: responseLines,
})

const step: fc.Arbitrary<Step> = fc.record({
  wait_s: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.constantFrom(1, 5, 9, 10, 11, 15, 30, 59, 60, 61) },
    { weight: 1, arbitrary: fc.constantFrom(0.5, 99.5, 100, 999, 1001, 200_000) },
  ),
  method: fc.oneof(
    { weight: 14, arbitrary: fc.constant('GET') },
    { weight: 2, arbitrary: fc.constant('HEAD') },
    { weight: 2, arbitrary: fc.constantFrom('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'FROB') },
  ),
  target: fc.constantFrom('/a', '/a', '/a', '/a', '/b'),
  request: requestLines,
  origin,
})

export const scenario: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 2, maxLength: 8, size: 'max' })
