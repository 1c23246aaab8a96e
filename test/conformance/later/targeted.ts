import { again, of, type LaterCase } from './case.ts'

const CDN = 'CDN-Cache-Control: max-age=3600'
const LATER = ['Expires: {10000}', 'Date: {0}']

/** CDN-Cache-Control (RFC 9213), which later editions have in place of Surrogate-Control. */
export const TARGETED: readonly LaterCase[] = [
  again('cdn-max-age', 'optimal', 'store', [CDN]),
  again('cdn-max-age-max', 'optimal', 'store', ['CDN-Cache-Control: max-age=2147483648']),
  again('cdn-max-age-max-plus', 'optimal', 'store', ['CDN-Cache-Control: max-age=99999999999']),
  again('cdn-max-age-age', 'required', 'origin', ['Date: {0}', CDN, 'Age: 7200']),
  again('cdn-max-age-space-before-equals', 'check', 'origin', ['Cache-Control: max-age=1', 'CDN-Cache-Control: max-age =100']),
  again('cdn-max-age-space-after-equals', 'check', 'origin', ['Cache-Control: max-age=1', 'CDN-Cache-Control: max-age= 100']),
  again('cdn-max-age-0', 'required', 'origin', ['CDN-Cache-Control: max-age=0']),
  again('cdn-max-age-extension', 'optimal', 'store', ['CDN-Cache-Control: foobar, max-age=3600']),
  again('cdn-max-age-case-insensitive', 'check', 'store', ['CDN-Cache-Control: MaX-aGe=3600']),
  again('cdn-max-age-expires', 'optimal', 'store', [CDN, 'Expires: {-10000}', 'Date: {0}']),
  again('cdn-max-age-cc-max-age-invalid-expires', 'optimal', 'store', [CDN, 'Expires: 0', 'Date: {0}']),
  again('cdn-max-age-0-expires', 'required', 'origin', ['CDN-Cache-Control: max-age=0', ...LATER]),
  again('cdn-max-age-short-cc-max-age', 'optimal', 'store', ['Cache-Control: max-age=1', CDN]),
  again('cdn-max-age-long-cc-max-age', 'required', 'origin', ['Cache-Control: max-age=3600', 'CDN-Cache-Control: max-age=1']),
  again('cdn-private', 'required', 'origin', ['CDN-Cache-Control: private', 'Cache-Control: max-age=10000', ...LATER]),
  again('cdn-no-cache', 'required', 'origin', ['CDN-Cache-Control: no-cache', 'Cache-Control: max-age=10000', ...LATER]),
  again('cdn-no-store-cc-fresh', 'required', 'origin', ['Cache-Control: max-age=10000', 'CDN-Cache-Control: no-store', ...LATER]),
  again('cdn-fresh-cc-nostore', 'required', 'store', ['Cache-Control: no-store', 'CDN-Cache-Control: max-age=10000']),
  again('cdn-cc-invalid-sh-type-unknown', 'required', 'origin', ['CDN-Cache-Control: max-age=10000, &&&&&', 'Cache-Control: no-store']),
  again('cdn-cc-invalid-sh-type-wrong', 'required', 'origin', ['CDN-Cache-Control: max-age="10000"', 'Cache-Control: no-store']),
  of('cdn-remove-header', 'check', {
    answer: { lines: ['Cache-Control: max-age=10000', 'CDN-Cache-Control: foo', ...LATER] },
    expect: { fields: { 'CDN-Cache-Control': 'foo' } },
  }),
  of(
    'cdn-remove-age-exceed',
    'check',
    { answer: { lines: ['Cache-Control: max-age=1', 'CDN-Cache-Control: max-age=10000', 'Date: {0}'] }, pause: true },
    { expect: { from: 'store', fields: { Age: /^\d/ } } },
  ),
]
