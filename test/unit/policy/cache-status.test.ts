import { describe, expect, test } from 'vitest'
import { cacheName, FWD, forwardedText, keyText, remaining_s, type Handling } from '../../../src/policy/cache-status.ts'

describe('a forwarded request, RFC 9211 section 2', () => {
  const plain: Handling = { fwd: FWD.uri_miss, fwd_status: 0, stored: false, collapsed: undefined, detail: '' }
  const rows: [told: Partial<Handling>, text: string][] = [
    [{}, '; fwd=uri-miss'],
    [{ fwd: FWD.stale, fwd_status: 304 }, '; fwd=stale; fwd-status=304'],
    [{ stored: true }, '; fwd=uri-miss; stored'],
    [{ collapsed: true }, '; fwd=uri-miss; collapsed'],
    [{ collapsed: false }, '; fwd=uri-miss; collapsed=?0'],
    [{ fwd: FWD.bypass, detail: 'hit-for-pass' }, '; fwd=bypass; detail=hit-for-pass'],
    [
      { fwd: FWD.partial, fwd_status: 206, stored: true, collapsed: true, detail: 'x' },
      '; fwd=partial; fwd-status=206; stored; collapsed; detail=x',
    ],
  ]
  test.each(rows)('%j', (told, text) => {
    expect(forwardedText({ ...plain, ...told })).toBe(text)
  })
})

test.each([
  ['lacquer', 'lacquer'],
  ['a.b:c/d', 'a.b:c/d'],
  ['*', '*'],
  ['-a', '"-a"'],
  ['9a', '"9a"'],
  ['a b', '"a b"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['"quoted"', '"\\"quoted\\""'],
])('the name %j is written %s', (name, written) => {
  expect(cacheName(name)).toBe(written)
})

test.each([
  ['/a\0example.com\0', '; key="/a example.com"'],
  ['/"\0b\0', '; key="/\\" b"'],
  ['/\u00e9\u010d\r\n\0', '; key="/??"'],
  ['', '; key=""'],
])('the key %j', (key, written) => {
  expect(keyText(key)).toBe(written)
})

test.each([
  [0, 10_000, 0, 10],
  [0, 10_000, 1, 10],
  [0, 10_000, 999, 10],
  [0, 10_000, 1000, 9],
  [0, 10_000, 9999, 1],
  [0, 10_000, 10_000, 0],
  [0, 10_000, 10_001, 0],
  [0, 10_000, 10_999, 0],
  [0, 10_000, 11_000, -1],
  [0, 0, 5000, -5],
])('made at %d to live %d ms, at %d: %d s are left', (t_origin_ms, ttl_ms, now_ms, left_s) => {
  expect(remaining_s(t_origin_ms, ttl_ms, now_ms)).toBe(left_s)
})
