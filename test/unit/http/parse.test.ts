import { describe, expect, test } from 'vitest'
import { RequestHead } from '../../../src/http/message.ts'
import { RequestParser } from '../../../src/http/parse.ts'
import type { ParseLimits } from '../../../src/http/parse.ts'
import { LIMITS, requests } from './requests.table.ts'
import type { Row } from './requests.table.ts'

/** Bytes before and behind the message, to catch a parser that looks outside its range. */
const MARGIN = 7

function bufferOf(text: string): Buffer {
  const buffer = Buffer.alloc(text.length + 2 * MARGIN, 'Z')
  buffer.write(text, MARGIN, 'latin1')
  return buffer
}

/** What the parser made of it, in the shape of a row's outcome. */
function outcomeOf(parser: RequestParser, result: number, head: RequestHead): Row['outcome'] {
  if (result === 0) return { kind: 'incomplete' }
  if (result < 0) return { kind: 'refused', status: parser.refusal?.status ?? 0, close: parser.refusal?.close ?? 'RX_JUNK' }
  const { names, values, count } = head.fields
  return {
    kind: 'request',
    method: head.method,
    url: head.url,
    fields: names.slice(0, count).map((name, i) => `${name}: ${values[i]}`),
    proto: parser.http11 ? 'HTTP/1.1' : 'HTTP/1.0',
    framing: parser.framing,
    content_length: parser.content_length,
    keep_alive: parser.keep_alive,
    expect_continue: parser.expect_continue,
    upgrade: parser.upgrade,
  }
}

/** Feeds the bytes one by one, the way a connection does. */
function drip(parser: RequestParser, text: string, head: RequestHead): number {
  const buffer = bufferOf(text)
  let scanned = 0
  for (let size = 1; size <= text.length; size++) {
    const result = parser.parse(buffer, MARGIN, MARGIN + size, head, scanned)
    if (result !== 0) return result
    scanned = size
  }
  return 0
}

describe('a message and what it comes to', () => {
  const parser = new RequestParser(LIMITS)
  for (const row of requests)
    test(row.name, () => {
      const one = row.limits === undefined ? parser : new RequestParser(row.limits)
      const head = new RequestHead()
      head.fields.append('Left-Over', 'from the request before')
      const result = one.parse(bufferOf(row.bytes), MARGIN, MARGIN + row.bytes.length, head)
      expect(outcomeOf(one, result, head)).toEqual(row.outcome)
      if (result > 0) {
        expect(result).toBe(row.bytes.length - row.rest.length)
        expect(head.proto).toBe(one.http11 ? 'HTTP/1.1' : 'HTTP/1.0')
        expect(head.fields.keys.slice(0, head.fields.count)).toEqual(
          head.fields.names.slice(0, head.fields.count).map((n) => n.toLowerCase()),
        )
      }
    })
})

test('the table is large and its names are unique', () => {
  expect(requests.length).toBeGreaterThanOrEqual(150)
  expect(new Set(requests.map((row) => row.name)).size).toBe(requests.length)
})

describe('cut in pieces it comes to the same', () => {
  for (const row of requests)
    test(row.name, () => {
      const parser = new RequestParser(row.limits ?? LIMITS)
      const head = new RequestHead()
      expect(outcomeOf(parser, drip(parser, row.bytes, head), head)).toEqual(row.outcome)
      for (let cut = 1; cut < row.bytes.length; cut++) {
        const buffer = bufferOf(row.bytes)
        let result = parser.parse(buffer, MARGIN, MARGIN + cut, head)
        if (result === 0) result = parser.parse(buffer, MARGIN, MARGIN + row.bytes.length, head, cut)
        expect(outcomeOf(parser, result, head)).toEqual(row.outcome)
      }
    })
})

test('a dripped head is walked about once per line, not once per byte', () => {
  const lines = 60
  const text = 'GET / HTTP/1.1\r\nHost: a\r\n' + `A: ${'b'.repeat(400)}\r\n`.repeat(lines) + '\r\n'
  let reads = 0
  const counting = new Proxy(Buffer.from(text, 'latin1'), {
    get(target, key) {
      reads++
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const parser = new RequestParser(LIMITS)
  const head = new RequestHead()
  let result = 0
  for (let size = 1; result === 0; size++) result = parser.parse(counting, 0, size, head, size - 1)
  expect(result).toBe(text.length)
  // Once per line is half of lines x size reads of a byte, each byte looked at up to three times.
  expect(reads).toBeLessThan(text.length * lines * 3)
})

test('limits that grow while the parser lives are followed', () => {
  const limits: ParseLimits = { ...LIMITS, http_max_hdr: 1 }
  const parser = new RequestParser(limits)
  const head = new RequestHead()
  const text = 'GET / HTTP/1.1\r\nHost: a\r\nB: 2\r\n\r\n'
  expect(parser.parse(Buffer.from(text), 0, text.length, head)).toBe(-1)
  limits.http_max_hdr = 2
  expect(parser.parse(Buffer.from(text), 0, text.length, head)).toBe(text.length)
  expect(head.fields.get('b')).toBe('2')
})

test('known names come back as the same strings, whatever was parsed before', () => {
  const parser = new RequestParser(LIMITS)
  const head = new RequestHead()
  const orders = [
    ['Host', 'User-Agent', 'Accept', 'Cookie'],
    ['host', 'cookie', 'accept', 'user-agent'],
    ['Host', 'User-Agent', 'Accept', 'Cookie'],
    ['HOST', 'User-Agent', 'X-Unknown', 'Accept', 'cookie'],
    ['Host', 'Accept-Encoding', 'Accept', 'Accept-Charset'],
  ]
  for (const names of orders) {
    const text = 'GET / HTTP/1.1\r\n' + names.map((name) => `${name}: x\r\n`).join('') + '\r\n'
    expect(parser.parse(Buffer.from(text), 0, text.length, head)).toBe(text.length)
    expect(head.fields.names.slice(0, head.fields.count)).toEqual(names)
    expect(head.fields.keys.slice(0, head.fields.count)).toEqual(names.map((name) => name.toLowerCase()))
  }
})
