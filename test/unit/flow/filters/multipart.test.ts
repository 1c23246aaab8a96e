import { describe, expect, test } from 'vitest'
import { multipart } from '../../../../src/flow/filters/multipart.ts'
import { partsOf } from '../../../kit/byteranges.ts'

const TEN = '0123456789'
const PARTS = [
  { from: 2, to: 4 },
  { from: 7, to: 7 },
]

function bodyOf(made: ReturnType<typeof multipart>): string {
  const texts = made.heads.map((head) => head.toString('latin1'))
  return PARTS.map(({ from, to }, i) => texts[i] + TEN.slice(from, to + 1)).join('') + texts[PARTS.length]
}

describe('multipart/byteranges, RFC 9110 section 14.6', () => {
  test('to the byte', () => {
    const made = multipart(PARTS, 'text/plain', '10', 'B')
    expect(made.type).toBe('multipart/byteranges; boundary=B')
    expect(bodyOf(made)).toBe(
      '--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 2-4/10\r\n\r\n234' +
        '\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-7/10\r\n\r\n7\r\n--B--\r\n',
    )
    expect(made.length_bytes).toBe(bodyOf(made).length)
  })

  test('a part of a response without Content-Type has none either', () => {
    const made = multipart(PARTS, undefined, '10')
    expect(partsOf(made.type, bodyOf(made))).toEqual([
      { lines: ['Content-Range: bytes 2-4/10'], bytes: '234' },
      { lines: ['Content-Range: bytes 7-7/10'], bytes: '7' },
    ])
  })

  test('nobody can know the boundary before', () => {
    const boundaries = new Set(Array.from({ length: 1000 }, () => multipart(PARTS, undefined, '10').type))
    expect(boundaries.size).toBe(1000)
  })
})
