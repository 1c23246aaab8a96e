import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bitsOf, FirstBit } from '../../../../../src/flow/filters/gzip/bits.ts'

/** With a name in its header (RFC 1952 section 2.3). */
function named(text: string): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(text), 0)
  trailer.writeUInt32LE(text.length, 4)
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.from('name\0'), deflateRawSync(text), trailer])
}

describe('where bits are in a gzip member', () => {
  test('of one block, as varnishd 7.1 has them (test/varnish/records)', () => {
    expect(bitsOf(gzipSync('hello gzip '.repeat(50)))).toEqual({ first_bit: 80, last_bit: 80, stop_bit: 232 })
  })

  test('of several: the last begins behind the others', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 2654435761).toString(36)).join(' ')
    const member = gzipSync(text)
    const { first_bit, last_bit, stop_bit } = bitsOf(member)
    expect(first_bit).toBe(80)
    expect(last_bit).toBeGreaterThan(80)
    expect(stop_bit).toBeGreaterThan(last_bit)
    expect(Math.ceil(stop_bit / 8)).toBe(member.length - 8)
  })

  test('behind a name', () => {
    expect(bitsOf(named('hello'))).toMatchObject({ first_bit: 120, last_bit: 120 })
  })

  test('of what is cut off, or no gzip, as far as they are known', () => {
    expect(bitsOf(gzipSync('hello gzip').subarray(0, 14))).toEqual({ first_bit: 80, last_bit: 80, stop_bit: 0 })
    expect(bitsOf(Buffer.from('hello'))).toEqual({ first_bit: 0, last_bit: 0, stop_bit: 0 })
  })

  test.each([1, 3, 11, 100])('the first of what comes in pieces of %i bytes', (size) => {
    const member = named('hello')
    const first = new FirstBit()
    for (let at = 0; at < member.length; at += size) first.take(member.subarray(at, at + size))
    expect(first.bits).toEqual({ first_bit: 120, last_bit: 0, stop_bit: 0 })
  })
})
