import { describe, expect, test } from 'vitest'
import { clientNotModified, freshen, stripForStore, validationFields } from '../../../src/policy/conditional.ts'
import { at, fields, lines } from './given.ts'

describe('304 from the store, RFC 9110 section 13.2.2', () => {
  const LM = `Last-Modified: ${at(-3000)}`
  const rows: [asked: string[], stored: string[], expected: boolean][] = [
    [[], ['ETag: "a"'], false],
    [['If-None-Match: "a"'], ['ETag: "a"'], true],
    [['If-None-Match: "b"'], ['ETag: "a"'], false],
    [['If-None-Match: "A"'], ['ETag: "a"'], false],
    [['If-None-Match: W/"a"'], ['ETag: "a"'], true],
    [['If-None-Match: "a"'], ['ETag: W/"a"'], true],
    [['If-None-Match: W/"a"'], ['ETag: W/"a"'], true],
    [['If-None-Match: w/"a"'], ['ETag: W/"a"'], false],
    [['If-None-Match: a'], ['ETag: "a"'], false],
    [['If-None-Match: "a'], ['ETag: "a"'], false],
    [['If-None-Match: "1", "a" ,"2"'], ['ETag: "a"'], true],
    [['If-None-Match: "1","2",W/"a"'], ['ETag: "a"'], true],
    [['If-None-Match: "1"', 'If-None-Match: "a"'], ['ETag: "a"'], true],
    [['If-None-Match: "x, "a", y"'], ['ETag: "a"'], false],
    [['If-None-Match: "a,b"'], ['ETag: "a,b"'], true],
    [['If-None-Match: "a,b"'], ['ETag: "a"'], false],
    [['If-None-Match: ""'], ['ETag: ""'], true],
    [['If-None-Match: , ,'], ['ETag: "a"'], false],
    [['If-None-Match:'], ['ETag: "a"'], false],
    [['If-None-Match: *'], [], true],
    [['If-None-Match: "a"'], [], false],
    // If-None-Match decides alone.
    [['If-None-Match: "b"', `If-Modified-Since: ${at(0)}`], ['ETag: "a"', LM], false],
    [['If-None-Match: "a"', `If-Modified-Since: ${at(-9000)}`], ['ETag: "a"', LM], true],
    // If-Modified-Since.
    [[`If-Modified-Since: ${at(-3000)}`], [LM], true],
    [[`If-Modified-Since: ${at(-2999)}`], [LM], true],
    [[`If-Modified-Since: ${at(-3001)}`], [LM], false],
    [['If-Modified-Since: yesterday'], [LM], false],
    [[`If-Modified-Since: ${at(0)}`, `If-Modified-Since: ${at(0)}`], [LM], false],
    [[`If-Modified-Since: ${at(0)}`], ['Last-Modified: yesterday'], false],
    // Without Last-Modified its Date stands in, RFC 9111 section 4.3.2.
    [[`If-Modified-Since: ${at(0)}`], [`Date: ${at(0)}`], true],
    [[`If-Modified-Since: ${at(-1)}`], [`Date: ${at(0)}`], false],
    [[`If-Modified-Since: ${at(0)}`], [], false],
  ]
  test.each(rows)('%j for %j: %j', (asked, stored, expected) => {
    expect(clientNotModified(fields(...asked), 200, fields(...stored))).toBe(expected)
  })

  test('conditions are not for what is no success (section 13.2.1)', () => {
    expect(clientNotModified(fields('If-None-Match: *'), 404, fields())).toBe(false)
    expect(clientNotModified(fields('If-None-Match: *'), 301, fields())).toBe(false)
  })

  test('a list of a million commas ends', () => {
    expect(clientNotModified(fields(`If-None-Match: ${','.repeat(1_000_000)}`), 200, fields('ETag: "a"'))).toBe(false)
  })
})

describe('validation, RFC 9111 section 4.3.1', () => {
  const rows: [stored: string[], bereq: string[], expected: string[]][] = [
    [['ETag: "a"'], ['Host: x'], ['Host: x', 'If-None-Match: "a"']],
    [['ETag: W/"a"'], [], ['If-None-Match: W/"a"']],
    [
      [`Last-Modified: ${at(-9)}`, 'ETag: "a"'],
      ['If-None-Match: "client"', 'If-Match: "client"', 'Range: bytes=0-1', 'If-Range: "client"'],
      ['If-None-Match: "a"', `If-Modified-Since: ${at(-9)}`],
    ],
    [['Last-Modified: x'], ['If-None-Match: "client"'], []],
    [[], [`If-Modified-Since: ${at(0)}`, `If-Unmodified-Since: ${at(0)}`], []],
  ]
  test.each(rows)('%j makes %j into %j', (stored, bereq, expected) => {
    const into = fields(...bereq)
    expect(validationFields(fields(...stored), into)).toBe(expected.length > 0)
    expect(lines(into)).toEqual(expected)
  })
})

describe('freshening, section 3.2', () => {
  const rows: [name: string, stored: string[], update: string[], expected: string[]][] = [
    ['adds, replaces, keeps', ['A: 1', 'B: 1'], ['B: 2', 'C: 3'], ['A: 1', 'B: 2', 'C: 3']],
    ['all lines of a name give way', ['A: 1', 'A: 2'], ['a: 3', 'A: 4', 'A: 5'], ['a: 3', 'A: 4', 'A: 5']],
    ['Set-Cookie too', ['Set-Cookie: a=1'], ['Set-Cookie: a=2'], ['Set-Cookie: a=2']],
    [
      'what describes the stored bytes stays',
      ['Content-Length: 5', 'Content-Encoding: gzip', 'Content-MD5: x', 'ETag: "a"', 'Content-Type: a/b'],
      ['Content-Length: 9', 'Content-Encoding: br', 'Content-MD5: y', 'ETag: "b"', 'Content-Type: c/d', 'Content-Range: bytes 0-1/2'],
      ['Content-Length: 5', 'Content-Encoding: gzip', 'Content-MD5: x', 'ETag: "a"', 'Content-Type: c/d'],
    ],
    [
      'hop-by-hop fields and those that Connection lists are not for the store',
      ['A: 1'],
      ['Connection: close, x-b', 'Keep-Alive: timeout=1', 'X-B: 2', 'Transfer-Encoding: chunked', 'Upgrade: h2c'],
      ['A: 1'],
    ],
    [
      'fields listed by no-cache are not for the store',
      ['A: 1'],
      ['Cache-Control: no-cache="b"', 'B: 2'],
      ['A: 1', 'Cache-Control: no-cache="b"'],
    ],
    ['an old Age is over', ['Age: 100', 'A: 1'], ['A: 1'], ['A: 1']],
    ['a new Age counts', ['Age: 100'], ['Age: 5'], ['Age: 5']],
  ]
  test.each(rows)('%s', (_, stored, update, expected) => {
    const into = fields(...stored)
    const from = fields(...update)
    freshen(into, from)
    expect(lines(into)).toEqual(expected)
    expect(lines(from)).toEqual(update)
  })
})

test('what is not stored, section 3.1', () => {
  const sent = fields(
    'Connection: x-hop, close',
    'X-Hop: 1',
    'Keep-Alive: 1',
    'Proxy-Connection: 1',
    'Proxy-Authenticate: 1',
    'Proxy-Authentication-Info: 1',
    'Proxy-Authorization: 1',
    'TE: 1',
    'Trailer: 1',
    'Transfer-Encoding: chunked',
    'Upgrade: 1',
    'Content-Range: none of our business',
    'Cache-Control: max-age=5, private="x-mine"',
    'X-Mine: 1',
    'X-Ours: 1',
    'Set-Cookie: a=b',
  )
  stripForStore(sent)
  expect(lines(sent)).toEqual([
    'Content-Range: none of our business',
    'Cache-Control: max-age=5, private="x-mine"',
    'X-Ours: 1',
    'Set-Cookie: a=b',
  ])
})
