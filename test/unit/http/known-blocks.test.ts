import { describe, expect, test } from 'vitest'
import { RequestHead } from '../../../src/http/message.ts'
import { RequestParser } from '../../../src/http/parse.ts'
import { LIMITS, requests } from './requests.table.ts'

/** All that parsing a head comes to. */
function outcome(parser: RequestParser, text: string, head = new RequestHead()): unknown {
  const result = parser.parse(Buffer.from(text, 'latin1'), 0, text.length, head)
  if (result <= 0) return { result, refusal: parser.refusal }
  const { framing, content_length, keep_alive, http11, expect_continue, upgrade } = parser
  const { method, url, proto, fields } = head
  const lines = fields.names.slice(0, fields.count).map((name, i) => [name, fields.keys[i], fields.values[i]])
  return { result, method, url, proto, lines, framing, content_length, keep_alive, http11, expect_continue, upgrade }
}

function get(lines: string, target = '/', version = '1.1'): string {
  return `GET ${target} HTTP/${version}\r\n${lines}\r\n`
}

/** Parses it until its block is known. */
function learn(parser: RequestParser, text: string): void {
  for (let i = 0; i < 3; i++) outcome(parser, text)
  expect(isKnown(parser, text)).toBe(true)
}

function isKnown(parser: RequestParser, text: string): boolean {
  const head = new RequestHead()
  outcome(parser, text, head)
  return head.known !== undefined
}

describe('a head comes to the same the first, second, third and fourth time', () => {
  for (const row of requests)
    test(row.name, () => {
      const limits = row.limits ?? LIMITS
      const first = outcome(new RequestParser(limits), row.bytes)
      const parser = new RequestParser(limits)
      for (let i = 0; i < 4; i++) expect(outcome(parser, row.bytes)).toEqual(first)
    })
})

test('values are what they were, also those that look like something else', () => {
  const values = ['', '0', '17', '-1', '__proto__', 'toString', 'caf\xe9', 'a, b', 'x'.repeat(500)]
  const text = get(['Host: a', ...values.map((value, i) => `X-${i}: ${value}`), ''].join('\r\n'))
  const parser = new RequestParser(LIMITS)
  learn(parser, text)
  const head = new RequestHead()
  outcome(parser, text, head)
  expect(head.fields.values.slice(1, head.fields.count)).toEqual(values)
})

test('whatever was parsed before, in one parser, in any order', () => {
  const parser = new RequestParser(LIMITS)
  const rows = requests.filter((row) => row.limits === undefined)
  const expected = rows.map((row) => outcome(new RequestParser(LIMITS), row.bytes))
  for (const step of [1, 1, 1, 7, 11]) {
    for (let i = 0, n = 0; n < rows.length; n++, i = (i + step) % rows.length) {
      expect(outcome(parser, rows[i].bytes), rows[i].name).toEqual(expected[i])
    }
  }
})

describe('a known block', () => {
  const BLOCK = 'Host: a\r\nUser-Agent: x\r\nConnection: keep-alive\r\n'

  test('is found behind another target and method, and keeps neither', () => {
    const parser = new RequestParser(LIMITS)
    learn(parser, get(BLOCK, '/one'))
    for (const target of ['/one', '/two', '/one?', '/', '/two']) {
      expect(outcome(parser, get(BLOCK, target))).toMatchObject({ method: 'GET', url: target })
      expect(isKnown(parser, get(BLOCK, target))).toBe(true)
    }
    expect(outcome(parser, get(BLOCK).replace('GET', 'HEAD'))).toMatchObject({ method: 'HEAD', url: '/' })
  })

  test.each([
    ['POST', `POST / HTTP/1.1\r\n${BLOCK}\r\n`],
    ['a method that begins like GET', `GETS / HTTP/1.1\r\n${BLOCK}\r\n`],
    ['absolute-form', get(BLOCK, 'http://b/')],
    ['HTTP/1.0', get(BLOCK, '/', '1.0')],
  ])('is not taken for %s', (_, text) => {
    const parser = new RequestParser(LIMITS)
    learn(parser, get(BLOCK))
    expect(isKnown(parser, text)).toBe(false)
    expect(outcome(parser, text)).toEqual(outcome(new RequestParser(LIMITS), text))
  })

  test('is not taken for one that differs in any byte', () => {
    for (let at = 0; at < BLOCK.length; at++) {
      const parser = new RequestParser(LIMITS)
      learn(parser, get(BLOCK))
      const other = BLOCK.slice(0, at) + '~' + BLOCK.slice(at + 1)
      expect(outcome(parser, get(other)), other).toEqual(outcome(new RequestParser(LIMITS), get(other)))
    }
  })

  test.each([
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: upgrade\r\nUpgrade: h\r\n',
    'X: ' + 'y'.repeat(2048) + '\r\n',
  ])('is none with %j', (line) => {
    const parser = new RequestParser(LIMITS)
    for (let i = 0; i < 4; i++) expect(isKnown(parser, get('Host: a\r\n' + line))).toBe(false)
  })

  test('is looked for where one head is all that came', () => {
    const parser = new RequestParser(LIMITS)
    learn(parser, get(BLOCK))
    const head = new RequestHead()
    const two = Buffer.from(get(BLOCK, '/1') + get(BLOCK, '/2'))
    const first = parser.parse(two, 0, two.length, head)
    expect([head.url, first]).toEqual(['/1', two.length / 2])
    expect([parser.parse(two, first, two.length, head), head.url]).toEqual([two.length / 2, '/2'])
    const cut = Buffer.from(get(BLOCK))
    expect(parser.parse(cut, 0, cut.length - 1, head)).toBe(0)
    expect(parser.parse(cut, 0, cut.length, head, cut.length - 1)).toBe(cut.length)
  })

  test('answers to limits that have become smaller', () => {
    const limits = { ...LIMITS }
    const parser = new RequestParser(limits)
    learn(parser, get(BLOCK))
    limits.http_max_hdr = 2
    expect(outcome(parser, get(BLOCK))).toMatchObject({ result: -1, refusal: { status: 431 } })
    Object.assign(limits, LIMITS, { http_req_hdr_len: 10 })
    expect(outcome(parser, get(BLOCK))).toMatchObject({ result: -1, refusal: { status: 431 } })
    Object.assign(limits, LIMITS, { http_req_size: 32 })
    expect(outcome(parser, get(BLOCK))).toMatchObject({ result: -1, refusal: { status: 431 } })
  })

  test('is not changed by what becomes of a head that had it', () => {
    const parser = new RequestParser(LIMITS)
    learn(parser, get(BLOCK))
    const expected = outcome(new RequestParser(LIMITS), get(BLOCK))
    const head = new RequestHead()
    outcome(parser, get(BLOCK), head)
    head.fields.set('Host', 'other')
    head.fields.delete('user-agent')
    head.fields.append('X', 'y')
    head.url = '/elsewhere'
    expect(outcome(parser, get(BLOCK))).toEqual(expected)
  })
})

test('a thousand clients with their own field lines are never mixed up', () => {
  const parser = new RequestParser(LIMITS)
  for (let round = 0; round < 4; round++) {
    for (let client = 0; client < 1000; client++) {
      const cookie = `session=${(client * 2654435761) >>> 0}; padding=${'p'.repeat(client % 300)}`
      expect(outcome(parser, get(`Host: a\r\nCookie: ${cookie}\r\n`))).toMatchObject({
        lines: [expect.anything(), ['Cookie', 'cookie', cookie]],
      })
    }
  }
})

test('blocks that a number tells apart where the hash does not look are never mixed up, and one that comes again is known in the end', () => {
  for (let shift = 0; shift < 12; shift++) {
    const parser = new RequestParser(LIMITS)
    const counted = (n: number): string =>
      get(`Host: a\r\nCookie: ${'p'.repeat(shift)}n=${String(n).padStart(8, '0')}; rest=${'x'.repeat(400)}\r\n`)
    for (let n = 0; n < 200; n++) {
      const value = counted(n).slice(counted(n).indexOf('Cookie: ') + 8, -4)
      expect(outcome(parser, counted(n))).toMatchObject({ lines: [expect.anything(), ['Cookie', 'cookie', value]] })
    }
    let sightings = 1
    while (!isKnown(parser, counted(7))) expect(++sightings).toBeLessThan(1100)
  }
})
