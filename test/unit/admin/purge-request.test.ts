import { describe, expect, test } from 'vitest'
import { parsePurge } from '../../../src/admin/purge-request.ts'
import type { PurgeOrder } from '../../../src/flow/purge-order.ts'
import { Refused } from '../../../src/admin/refused.ts'

function json(value: unknown): PurgeOrder {
  return parsePurge('application/json', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
}

function form(text: string): PurgeOrder {
  return parsePurge('application/x-www-form-urlencoded', Buffer.from(text))
}

function refused(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof Refused) return `${error.status} ${error.message}`
    throw error
  }
  return 'taken'
}

const SOFT = { ttl_s: 0, grace_s: -1, keep_s: -1 }

describe('what may be asked for', () => {
  test.each<[unknown, PurgeOrder]>([
    [{ url: '/a?b=c', host: 'a.example' }, { url: { target: '/a?b=c', host: 'a.example', headers: [] } }],
    [{ url: 'http://a.example:8080/x' }, { url: { target: '/x', host: 'a.example:8080', headers: [] } }],
    [{ url: 'HTTPS://a.example' }, { url: { target: '/', host: 'a.example', headers: [] } }],
    [{ url: 'https://[::1]?q' }, { url: { target: '/?q', host: '[::1]', headers: [] } }],
    [{ url: '/', host: 'a', headers: { 'X-Kind': 'b' } }, { url: { target: '/', host: 'a', headers: [['X-Kind', 'b']] } }],
    [{ tag: 'a b' }, { tags: ['a b'] }],
    [{ tags: ['a', 'caf\u00e9'] }, { tags: ['a', 'caf\u00c3\u00a9'] }],
    [
      { tag: 'a', soft: true },
      { tags: ['a'], soft: SOFT },
    ],
    [{ tag: 'a', soft: false }, { tags: ['a'] }],
    [
      { tag: 'a', soft: true, ttl: 5, grace: '10m', keep: '-1s' },
      { tags: ['a'], soft: { ttl_s: 5, grace_s: 600, keep_s: -1 } },
    ],
  ])('%j', (asked, expected) => {
    expect(json(asked)).toEqual(expected)
  })

  test.each<[string, PurgeOrder]>([
    ['tag=a&tag=b+c', { tags: ['a', 'b c'] }],
    [
      'url=%2Fa%3Fb&host=x&header=X-Kind:%20a&soft=1&ttl=10s',
      { url: { target: '/a?b', host: 'x', headers: [['X-Kind', 'a']] }, soft: { ...SOFT, ttl_s: 10 } },
    ],
    ['tag=a&soft=no', { tags: ['a'] }],
  ])('the form %s', (text, expected) => {
    expect(form(text)).toEqual(expected)
  })

  test('a charset behind the type', () => {
    expect(parsePurge('Application/JSON; charset=utf-8', Buffer.from('{"tag":"a"}'))).toEqual({ tags: ['a'] })
  })
})

describe('what is refused, and why', () => {
  test.each<[unknown, string]>([
    ['', '400 the body is not JSON'],
    ['{"tag":', '400 the body is not JSON'],
    ['"tag"', '400 the body is to be a JSON object, such as {"tag":"a"}'],
    ['[]', '400 the body is to be a JSON object, such as {"tag":"a"}'],
    ['null', '400 the body is to be a JSON object, such as {"tag":"a"}'],
    ['{"__proto__":{"tag":"a"}}', "400 unknown member '__proto__'; there are url, host, headers, tag, tags, ban, soft, ttl, grace, keep"],
    [{}, '400 say one of url, tag (or tags), ban'],
    [{ url: '/', host: 'a', tag: 'a' }, '400 say one of url, tag (or tags), ban'],
    [{ tag: 'a', tags: ['b'] }, '400 tag or tags, not both'],
    [{ tags: [] }, '400 tags is to be an array of strings, and not empty'],
    [{ tags: 'a' }, '400 tags is to be an array of strings, and not empty'],
    [{ tags: Array.from({ length: 257 }, String) }, '400 at most 256 tags at a time'],
    [{ tags: ['a', 1] }, '400 a tag is to be a string'],
    [{ tag: ' ' }, '400 a tag is empty'],
    [{ tag: 'a\r\nb' }, '400 a tag has a control character in it'],
    [{ tag: 'x'.repeat(8193) }, '400 a tag is longer than 8192 bytes'],
    [{ tag: 'a', host: 'b' }, '400 host goes with url'],
    [{ url: '/' }, '400 host is empty'],
    [{ url: 'a', host: 'b' }, '400 url is to be a path such as /a?b=c, or http://host/path; without spaces and #'],
    [{ url: '/a b', host: 'b' }, '400 url is to be a path such as /a?b=c, or http://host/path; without spaces and #'],
    [{ url: '/a#b', host: 'b' }, '400 url is to be a path such as /a?b=c, or http://host/path; without spaces and #'],
    [{ url: '/a\r\nX: y', host: 'b' }, '400 url has a control character in it'],
    [{ url: 'http://a/', host: 'b' }, '400 url has a host already'],
    [{ url: 'http://a@b/' }, '400 host is no host name'],
    [{ url: '/', host: 'a/b' }, '400 host is no host name'],
    [{ url: '/', host: 'a', headers: ['x'] }, '400 headers is to be an object: {"name":"value"}'],
    [{ url: '/', host: 'a', headers: { 'a b': 'x' } }, '400 headers: a name is no field name, or is host'],
    [{ url: '/', host: 'a', headers: { Host: 'x' } }, '400 headers: a name is no field name, or is host'],
    [{ url: '/', host: 'a', headers: { a: 'x\ny' } }, '400 header a has a control character in it'],
    [{ url: '/', host: 'a', headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x${i}`, 'a'])) }, '400 at most 32 headers'],
    [{ ban: 'req.url ~ a', soft: true }, '400 a ban is not soft'],
    [{ ban: 'req.url ~ a', host: 'a' }, '400 host goes with url'],
    [{ ban: 'req.url\n~ a' }, '400 ban has a control character in it'],
    [{ ban: '/a', tag: 'a' }, '400 say one of url, tag (or tags), ban'],
    [{ tag: 'a', soft: 'yes' }, '400 soft is to be true or false'],
    [{ tag: 'a', ttl: 5 }, '400 ttl, grace and keep go with soft'],
    [{ tag: 'a', soft: true, ttl: 'soon' }, '400 ttl is to be seconds, or a duration such as "10m"'],
    [{ tag: 'a', soft: true, keep: null }, '400 keep is to be seconds, or a duration such as "10m"'],
    ['{"tag":"a","soft":true,"ttl":1e999}', '400 ttl is to be seconds, or a duration such as "10m"'],
  ])('%j', (asked, expected) => {
    expect(refused(() => json(asked))).toBe(expected)
  })

  test.each([
    ['ttl=1&ttl=2&tag=a', '400 ttl is given several times'],
    ['header=x&url=/&host=a', '400 a header is name:value'],
    ['tag=a&soft=perhaps', '400 soft is to be true or false'],
    ['tag=a%0d%0ab', '400 a tag has a control character in it'],
  ])('the form %s', (text, expected) => {
    expect(refused(() => form(text))).toBe(expected)
  })

  test.each([undefined, 'text/plain', 'multipart/form-data; boundary=x', 'application/json2'])('the type %s', (type) => {
    expect(refused(() => parsePurge(type, Buffer.from('{"tag":"a"}')))).toBe(
      '415 the Content-Type is to be application/json or application/x-www-form-urlencoded',
    )
  })

  test('what is no UTF-8', () => {
    expect(refused(() => parsePurge('application/json', Buffer.from('{"tag":"\xff"}', 'latin1')))).toBe('400 the body is not UTF-8')
  })
})
