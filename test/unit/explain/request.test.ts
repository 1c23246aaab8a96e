import { describe, expect, test } from 'vitest'
import { readAsked } from '../../../src/explain/request.ts'

describe('words to a request', () => {
  test.each<[string[], string]>([
    [['http://example.com/a?b=c'], 'GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    [['https://example.com:8443'], 'GET / HTTP/1.1\r\nHost: example.com:8443\r\n\r\n'],
    [['http://example.com?q'], 'GET /?q HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    [['http://example.com/a#part'], 'GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    [['/a', '-H', 'Host: b'], 'GET /a HTTP/1.1\r\nHost: b\r\n\r\n'],
    [['http://example.com/', '-H', 'Host: other'], 'GET / HTTP/1.1\r\nHost: other\r\n\r\n'],
    [['-X', 'PURGE', '-H', 'Accept: */*', '-H', 'X-A:', 'http://a/'], 'PURGE / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-A:\r\n\r\n'],
  ])('%j', (words, head) => {
    expect(readAsked(words)).toEqual({ head, ip: '127.0.0.1', worker: undefined, secrets: false, verbose: false })
  })

  test('who asks, whom, and how much is told', () => {
    const { ip, worker, secrets, verbose } = readAsked(['-i', '2001:db8::1', '-w', '3', '-s', '-v', 'http://a/'])
    expect({ ip, worker, secrets, verbose }).toEqual({ ip: '2001:db8::1', worker: 3, secrets: true, verbose: true })
  })
})

test.each<[string[], string]>([
  [[], 'what is to be explained?'],
  [['/a'], "/a: of which host? Write http://HOST/a, or add -H 'Host: ...'"],
  [['example.com/a'], 'expected http://host/path, or a path that begins with /'],
  [['http://u:p@example.com/'], "say who asks with -H 'Authorization: ...'"],
  [['http://a/', 'http://b/'], 'one URL at a time: http://a/ or http://b/?'],
  [['http://a/ b'], 'not a URL'],
  [['http://a/\r\nX: y'], 'not a URL'],
  [['-H', 'X: a\r\nY: b', 'http://a/'], "expected 'Name: value'"],
  [['-H', 'no colon', 'http://a/'], "expected 'Name: value'"],
  [['-H', 'Content-Length: 5', 'http://a/'], 'a request without a body is explained'],
  [['-X', 'GET /x', 'http://a/'], 'not a method'],
  [['-w', '-1', 'http://a/'], 'not the number of a worker'],
  [['-i', 'localhost', 'http://a/'], 'not an IP address'],
  [['-z', 'http://a/'], 'there is no option -z'],
  [['http://a/', '-H'], '-H wants a value'],
])('%j is refused', (words, why) => {
  expect(() => readAsked(words)).toThrow(why)
})
