import { describe, expect, test } from 'vitest'
import { CHUNK_END, CHUNK_HEADER_MAX_BYTES, ChunkedDecoder, LAST_CHUNK, chunkHeader, writeChunkHeader } from '../../../src/http/chunked.ts'
import { chunkedBodies } from './chunked.table.ts'

class Collected {
  body = ''
  onChunkData(buffer: Buffer, start: number, end: number): void {
    if (end <= start) throw new Error('an empty span was reported')
    this.body += buffer.toString('latin1', start, end)
  }
}

/** Decodes the pieces between the cuts; offsets in the buffer differ from those in the message on purpose. */
function decode(text: string, cuts: number[], decoder = new ChunkedDecoder()) {
  const buffer = Buffer.from('zzz' + text, 'latin1')
  const sink = new Collected()
  const bounds = [...cuts, text.length]
  let from = 0
  for (const to of bounds) {
    const consumed = decoder.decode(buffer, from + 3, to + 3, sink)
    if (consumed < 0) return { body: sink.body, outcome: 'refused', rest: '' }
    from += consumed
    if (decoder.done) break
    expect(from).toBe(to)
  }
  return { body: sink.body, outcome: decoder.done ? 'done' : 'unfinished', rest: decoder.done ? text.slice(from) : '' }
}

describe('a chunked body and what it comes to', () => {
  for (const { name, bytes, ...expected } of chunkedBodies) test(name, () => expect(decode(bytes, [])).toEqual(expected))
})

describe('cut in pieces it comes to the same', () => {
  for (const { name, bytes, ...expected } of chunkedBodies)
    test(name, () => {
      expect(
        decode(
          bytes,
          Array.from({ length: bytes.length }, (_, i) => i + 1),
        ),
      ).toEqual(expected)
      const step = Math.max(1, Math.floor(bytes.length / 100))
      for (let cut = 1; cut < bytes.length; cut += step) expect(decode(bytes, [cut])).toEqual(expected)
    })
})

test('one decoder reads one body after another', () => {
  const decoder = new ChunkedDecoder()
  expect(decode('1;a\r\nx\r\n0\r\nA: 1\r\n\r\n', [], decoder).outcome).toBe('done')
  decoder.reset()
  expect(decode('Z', [], decoder).outcome).toBe('refused')
  expect(decoder.error).toBe('Chunk size expected')
  decoder.reset()
  expect(decoder.error).toBeUndefined()
  expect(decode('2\r\nab\r\n0\r\n\r\n', [], decoder)).toEqual({ body: 'ab', outcome: 'done', rest: '' })
})

test('a body that broke stays broken', () => {
  const decoder = new ChunkedDecoder()
  const sink = new Collected()
  expect(decoder.decode(Buffer.from('x'), 0, 1, sink)).toBe(-1)
  expect(decoder.decode(Buffer.from('0\r\n\r\n'), 0, 5, sink)).toBe(-1)
  expect(decoder.done).toBe(false)
})

test('what the encoder writes, the decoder reads', () => {
  const sizes = [1, 9, 10, 15, 16, 255, 4096, 70_000]
  const parts = sizes.flatMap((size) => [chunkHeader(size), Buffer.alloc(size, 'x'), CHUNK_END])
  const message = Buffer.concat([...parts, LAST_CHUNK]).toString('latin1')
  expect(decode(message, [])).toEqual({ body: 'x'.repeat(sizes.reduce((a, b) => a + b)), outcome: 'done', rest: '' })
})

test('a chunk header written in place is the same one', () => {
  for (const size of [1, 0xabc, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    const buffer = Buffer.alloc(CHUNK_HEADER_MAX_BYTES + 1)
    const end = writeChunkHeader(buffer, 1, size)
    expect(buffer.subarray(1, end)).toEqual(chunkHeader(size))
    expect(end - 1).toBeLessThanOrEqual(CHUNK_HEADER_MAX_BYTES)
  }
})
