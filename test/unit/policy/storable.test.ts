import { describe, expect, test } from 'vitest'
import { parseRequestDirectives, parseResponseDirectives } from '../../../src/policy/directives.ts'
import { STORE, storability, type StoreVerdict } from '../../../src/policy/storable.ts'
import { at, get, request, response } from './given.ts'

const FRESH = 'Cache-Control: max-age=60'

describe('storing, RFC 9111 section 3', () => {
  const rows: [name: string, asked: ReturnType<typeof get>, said: ReturnType<typeof response>, verdict: StoreVerdict][] = [
    ['explicit lifetime', get(), response(200, FRESH), STORE.ok],
    ['Expires', get(), response(200, `Expires: ${at(60)}`), STORE.ok],
    ['Expires that is no date still permits storing', get(), response(200, 'Expires: 0'), STORE.ok],
    ['a heuristic status', get(), response(404), STORE.ok],
    ['another status says nothing', get(), response(403), STORE.no_permission],
    ['another status with a lifetime', get(), response(403, FRESH), STORE.ok],
    ['public permits any status', get(), response(599, 'Cache-Control: public'), STORE.ok],
    ['an unknown status with a lifetime', get(), response(599, FRESH), STORE.ok],
    ['302 says nothing', get(), response(302, 'Location: /'), STORE.no_permission],
    ['302 with a lifetime', get(), response(302, FRESH), STORE.ok],
    ['451 is cacheable by default (RFC 7725 section 3)', get(), response(451), STORE.ok],
    // RFC 6585: whatever they say.
    ...[428, 429, 431, 511].map((status): [string, ReturnType<typeof get>, ReturnType<typeof response>, StoreVerdict] => [
      `${status} is never stored`,
      get(),
      response(status, 'Cache-Control: public, max-age=60'),
      STORE.no_permission,
    ]),
    // The method.
    ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'HEAD', 'get', 'M-SEARCH'].map(
      (method): [string, ReturnType<typeof get>, ReturnType<typeof response>, StoreVerdict] => [
        method,
        request(method),
        response(200, FRESH),
        STORE.method,
      ],
    ),
    // RFC 9110 section 9.3.3.
    ['POST with its own Content-Location', request('POST', 'Host: a'), response(200, FRESH, 'Content-Location: http://a/#x'), STORE.ok],
    [
      'POST, without a lifetime',
      request('POST', 'Host: a'),
      response(200, 'Content-Location: /', `Last-Modified: ${at(-99)}`),
      STORE.method,
    ],
    ['POST, an empty query is none', request('POST', 'Host: a'), response(200, FRESH, 'Content-Location: /?'), STORE.ok],
    ['POST, Content-Location with a query', request('POST', 'Host: a'), response(200, FRESH, 'Content-Location: /?x'), STORE.method],
    ['POST, private', request('POST', 'Host: a'), response(200, 'Cache-Control: private, max-age=9', 'Content-Location: /'), STORE.private],
    ['PUT with its own Content-Location', request('PUT', 'Host: a'), response(200, FRESH, 'Content-Location: /'), STORE.method],
    // Not final, not complete.
    ['100', get(), response(100, FRESH), STORE.status],
    ['103', get(), response(103, FRESH), STORE.status],
    ['304', get(), response(304, FRESH), STORE.status],
    ['206', get(), response(206, FRESH), STORE.partial],
    // no-store and private, whatever else is there.
    ['no-store', get(), response(200, 'Cache-Control: max-age=60, no-store', `Expires: ${at(60)}`), STORE.no_store],
    ['no-store in a second line', get(), response(200, FRESH, 'Cache-Control: no-store'), STORE.no_store],
    ['no-store with public', get(), response(200, 'Cache-Control: public, no-store'), STORE.no_store],
    ['no-store in the request', get('Cache-Control: no-store'), response(200, FRESH), STORE.request_no_store],
    ['private', get(), response(200, 'Cache-Control: private, max-age=60'), STORE.private],
    ['private wins over public', get(), response(200, 'Cache-Control: public, private'), STORE.private],
    ['private wins over s-maxage', get(), response(200, 'Cache-Control: private, s-maxage=60'), STORE.private],
    ['private with a list', get(), response(200, 'Cache-Control: private="x", max-age=60'), STORE.ok],
    ['private with a broken list', get(), response(200, 'Cache-Control: max-age=60, private="x'), STORE.private],
    ['no-cache may be stored', get(), response(200, 'Cache-Control: no-cache'), STORE.ok],
    // must-understand, section 5.2.2.3.
    ['must-understand, known', get(), response(200, 'Cache-Control: must-understand, no-store, max-age=60'), STORE.ok],
    ['must-understand, unknown', get(), response(599, 'Cache-Control: must-understand, max-age=60'), STORE.must_understand],
    ['must-understand, unknown', get(), response(599, 'Cache-Control: must-understand, no-store'), STORE.must_understand],
    ['must-understand does not undo private', get(), response(200, 'Cache-Control: must-understand, private'), STORE.private],
    // Authorization, section 3.5.
    ['Authorization', get('Authorization: x'), response(200, FRESH), STORE.authorization],
    ['Authorization, Expires', get('Authorization: x'), response(200, `Expires: ${at(60)}`), STORE.authorization],
    ['Authorization, public', get('Authorization: x'), response(200, 'Cache-Control: public, max-age=60'), STORE.ok],
    ['Authorization, must-revalidate', get('Authorization: x'), response(200, 'Cache-Control: max-age=60, must-revalidate'), STORE.ok],
    ['Authorization, s-maxage', get('Authorization: x'), response(200, 'Cache-Control: s-maxage=60'), STORE.ok],
    ['Authorization, proxy-revalidate', get('Authorization: x'), response(200, `${FRESH}, proxy-revalidate`), STORE.authorization],
    ['Authorization, private', get('Authorization: x'), response(200, 'Cache-Control: private, must-revalidate'), STORE.private],
    ['an empty Authorization is one', get('Authorization:'), response(200, FRESH), STORE.authorization],
    ['a Cookie is not Authorization', get('Cookie: a=b'), response(200, FRESH), STORE.ok],
    // Vary: *, section 4.1.
    ['Vary: *', get(), response(200, FRESH, 'Vary: *'), STORE.vary],
    ['* in a list', get(), response(200, FRESH, 'Vary: Accept', 'Vary: Foo , *'), STORE.vary],
    ['Vary', get(), response(200, FRESH, 'Vary: Accept'), STORE.ok],
    // Set-Cookie: only where Cache-Control says that the response may be cached.
    ['Set-Cookie, max-age', get(), response(200, FRESH, 'Set-Cookie: a=b'), STORE.ok],
    ['Set-Cookie, s-maxage', get(), response(200, 'Cache-Control: s-maxage=1', 'Set-Cookie: a=b'), STORE.ok],
    ['Set-Cookie, public', get(), response(200, 'Cache-Control: public', 'Set-Cookie: a=b'), STORE.ok],
    ['Set-Cookie, Expires', get(), response(200, `Expires: ${at(60)}`, 'Set-Cookie: a=b'), STORE.set_cookie],
    ['Set-Cookie, a guess', get(), response(200, `Last-Modified: ${at(-600)}`, 'Set-Cookie: a=b'), STORE.set_cookie],
    ['Set-Cookie, validator', get(), response(200, 'ETag: "a"', 'Set-Cookie: a=b'), STORE.set_cookie],
    ['Set-Cookie left out', get(), response(200, 'Cache-Control: no-cache="Set-Cookie"', 'Set-Cookie: a=b'), STORE.ok],
    ['Set-Cookie, private', get(), response(200, `${FRESH}, private`, 'Set-Cookie: a=b'), STORE.private],
  ]
  test.each(rows)('%s', (_, asked, said, verdict) => {
    expect(storability(asked, parseRequestDirectives(asked.fields), said, parseResponseDirectives(said.fields))).toBe(verdict)
  })
})
