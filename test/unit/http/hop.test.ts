import { describe, expect, test } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'
import { removeHopByHop } from '../../../src/http/hop.ts'

function fieldsOf(...lines: string[]): Fields {
  const fields = new Fields()
  for (const line of lines) fields.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  return fields
}

function linesOf(fields: Fields): string[] {
  return fields.names.slice(0, fields.count).map((name, i) => `${name}: ${fields.values[i]}`)
}

/** Lines, and those that go on to the next hop (RFC 9110 section 7.6.1). */
const cases: [name: string, lines: string[], kept: string[]][] = [
  ['nothing to remove', ['Host: a', 'A: 1'], ['Host: a', 'A: 1']],
  ['no fields', [], []],
  ['Connection itself', ['Connection: close', 'A: 1'], ['A: 1']],
  ['what it names', ['A: 1', 'Connection: a, B', 'B: 2', 'C: 3'], ['C: 3']],
  ['in several lines', ['Connection: a', 'A: 1', 'connection: b', 'B: 2', 'C: 3'], ['C: 3']],
  ['every line of a named field', ['A: 1', 'B: 2', 'a: 3', 'Connection: a', 'A: 4'], ['B: 2']],
  [
    'the known ones, named or not',
    ['Keep-Alive: 1', 'Proxy-Connection: x', 'TE: trailers', 'Trailer: A', 'Transfer-Encoding: chunked', 'Upgrade: x', 'D: 4'],
    ['D: 4'],
  ],
  [
    'those for proxies',
    ['Proxy-Authorization: x', 'Proxy-Authenticate: y', 'Proxy-Authentication-Info: z', 'Authorization: b'],
    ['Authorization: b'],
  ],
  ['repeated ones at the end', ['A: 1', 'TE: a', 'TE: b', 'TE: c'], ['A: 1']],
  ['only them', ['TE: a', 'Upgrade: b', 'TE: c', 'Connection: te'], []],
  [
    'but not what the message or the trust in it rests on',
    ['Connection: host, content-length, X-Forwarded-For, a', 'Host: h', 'Content-Length: 1', 'X-Forwarded-For: 1.2.3.4', 'A: 1'],
    ['Host: h', 'Content-Length: 1', 'X-Forwarded-For: 1.2.3.4'],
  ],
  [
    'nor what says for whom a response is, and for how long',
    [
      'Connection: Cache-Control, vary, age, etag, set-cookie',
      'Cache-Control: private',
      'Vary: A',
      'Age: 9',
      'ETag: "1"',
      'Set-Cookie: a=b',
    ],
    ['Cache-Control: private', 'Vary: A', 'Age: 9', 'ETag: "1"', 'Set-Cookie: a=b'],
  ],
  ['names it does not carry', ['Connection: x, y, ,', 'A: 1'], ['A: 1']],
]

describe('fields of this hop are removed', () => {
  for (const [name, lines, kept] of cases)
    test(name, () => {
      const fields = fieldsOf(...lines)
      removeHopByHop(fields)
      expect(linesOf(fields)).toEqual(kept)
    })
})
