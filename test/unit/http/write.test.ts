import { describe, expect, test } from 'vitest'
import { RequestHead, ResponseHead } from '../../../src/http/message.ts'
import { RequestParser } from '../../../src/http/parse.ts'
import { isBodyless, reasonPhrase } from '../../../src/http/status.ts'
import { fieldLine, requestHeadText, responseHeadText } from '../../../src/http/write.ts'
import { LIMITS, requests } from './requests.table.ts'

function response(status: number, reason: string, ...fields: [string, string][]): ResponseHead {
  const head = new ResponseHead()
  head.status = status
  head.reason = reason
  for (const [name, value] of fields) head.fields.append(name, value)
  return head
}

test('a response head is its lines, without the empty one', () => {
  expect(responseHeadText(response(200, 'OK', ['A', '1'], ['b', 'caf\xe9']))).toBe('HTTP/1.1 200 OK\r\nA: 1\r\nb: caf\xe9\r\n')
  expect(responseHeadText(response(204, ''))).toBe('HTTP/1.1 204 No Content\r\n')
})

test('the wire sees status % 1000, and never one of two digits', () => {
  expect(responseHeadText(response(1404, ''))).toBe('HTTP/1.1 404 Not Found\r\n')
  expect(responseHeadText(response(799, ''))).toBe('HTTP/1.1 799 Unknown HTTP Status\r\n')
  expect(responseHeadText(response(1042, 'x'))).toBe('HTTP/1.1 503 x\r\n')
  expect(responseHeadText(response(0, 'x'))).toBe('HTTP/1.1 503 x\r\n')
})

describe('nothing in a head can split it', () => {
  // U+010D written as latin1 is a CR, U+010A an LF.
  for (const evil of ['a\r\nSet-Cookie: x', 'a\nb', 'a\rb', 'a\0b', 'a\r\n\r\nHTTP/1.1 200 OK', 'a\u010d\u010aX: y', '\u{1f4a9}\r\n'])
    test(JSON.stringify(evil), () => {
      const text = responseHeadText(response(200, evil, ['A', evil], [evil, 'v'], ['B', '2']))
      const lines = Buffer.from(text, 'latin1').toString('latin1').split('\r\n')
      expect(lines).toHaveLength(4)
      expect(lines[0]).toMatch(/^HTTP\/1\.1 200 [^\r\n\0]*$/)
      expect(lines[1]).toMatch(/^A: [^\r\n\0]*$/)
      expect(lines.slice(2)).toEqual(['B: 2', ''])
    })
  test('also when others have come again and again in the same place', () => {
    const long = 'x'.repeat(300)
    const heads: [string, string][][] = [
      [['A', '1']],
      [['A', '2']],
      [['B', '2']],
      [['A', 'b\r\nc']],
      [['A\r\nB', '1']],
      [['A', '\u010d']],
      [['A', long]],
      [],
    ]
    const written = ['A: 1\r\n', 'A: 2\r\n', 'B: 2\r\n', 'A: b  c\r\n', '', 'A: ?\r\n', `A: ${long}\r\n`, '']
    for (const times of [1, 2, 3, 4]) {
      for (const [i, lines] of heads.entries()) {
        for (let n = 0; n < times; n++) expect(responseHeadText(response(200, 'OK', ...lines))).toBe(`HTTP/1.1 200 OK\r\n${written[i]}`)
      }
    }
  })
  test('nor a single line', () => {
    expect(fieldLine('A', 'b\r\nc')).toBe('A: b  c\r\n')
    expect(fieldLine('A\r\nB', 'c')).toBe('')
    expect(fieldLine('A', 'b')).toBe('A: b\r\n')
  })
})

describe('nothing in a request line can split it', () => {
  const urls: [string, string][] = [
    ['/a b', '/a%20b'],
    ['/a\r\nHost: evil', '/a%0d%0aHost:%20evil'],
    ['/\xe9', '/%e9'],
    ['/\u0141', '/%c5%81'],
    ['/\t\x7f', '/%09%7f'],
    ['', '/'],
    ['/a?b=c', '/a?b=c'],
  ]
  for (const [url, written] of urls)
    test(JSON.stringify(url), () => {
      const head = new RequestHead()
      head.method = 'GET'
      head.url = url
      expect(requestHeadText(head)).toBe(`GET ${written} HTTP/1.1\r\n`)
    })
  test('the method', () => {
    const head = new RequestHead()
    head.method = 'GET /evil HTTP/1.1\r\nA: '
    head.url = '/'
    expect(requestHeadText(head)).toBe('GET / HTTP/1.1\r\n')
  })
})

test('a request that was parsed and written parses to the same', () => {
  const parser = new RequestParser({ ...LIMITS, http_max_hdr: 100 })
  let written = 0
  for (const row of requests) {
    if (row.outcome.kind !== 'request' || row.outcome.proto !== 'HTTP/1.1') continue
    const first = new RequestHead()
    const second = new RequestHead()
    parser.parse(Buffer.from(row.bytes, 'latin1'), 0, row.bytes.length, first)
    const text = requestHeadText(first) + '\r\n'
    expect(parser.parse(Buffer.from(text, 'latin1'), 0, text.length, second), row.name).toBe(text.length)
    const { framing, content_length, keep_alive, expect_continue, upgrade } = parser
    expect(row.outcome).toMatchObject({ framing, content_length, keep_alive, expect_continue, upgrade })
    second.known = first.known
    expect(second).toEqual(first)
    written++
  }
  expect(written).toBeGreaterThan(50)
})

test('reason phrases', () => {
  expect(reasonPhrase(200)).toBe('OK')
  expect(reasonPhrase(2200)).toBe('OK')
  expect(reasonPhrase(999)).toBe('Unknown HTTP Status')
})

test('bodyless responses', () => {
  expect([100, 103, 199, 204, 304].map(isBodyless)).not.toContain(false)
  expect([200, 205, 206, 301, 404, 500].map(isBodyless)).not.toContain(true)
})
