import { describe, expect, test } from 'vitest'
import { readRing } from '../../../src/log/reader.ts'
import { BATCH, END, RingView, RingWriter, WRAP } from '../../../src/log/ring.ts'
import { defaultMask, TAG } from '../../../src/log/tags.ts'
import { LogWriter } from '../../../src/log/writer.ts'

const SMALL = 88 + 8 * 64 * 4

/** Field by field, with the offsets of the published layout rather than our constants. */
describe('the segment as other programs read it', () => {
  const ring = new SharedArrayBuffer(88 + 8 * 128 * 4 + 5)
  const view = new DataView(ring)
  const log = new LogWriter(ring, { reclen_bytes: 32, buffer_bytes: 64, mask: defaultMask() })
  const at = (word: number): number => view.getUint32(88 + word * 4, true)

  test('head, when new', () => {
    expect(Buffer.from(ring, 0, 8).toString()).toBe('VSLHEAD1')
    expect(view.getBigInt64(8, true)).toBe(128n)
    expect(view.getUint32(16, true)).toBe(0xfffffff8)
    expect(Array.from({ length: 8 }, (_, k) => view.getBigInt64(24 + 8 * k, true))).toEqual([0n, -1n, -1n, -1n, -1n, -1n, -1n, -1n])
    expect(at(0)).toBe(END)
  })

  test('a batch of two records', () => {
    const transaction = log.open(1002, 'client')
    transaction.record(TAG.ReqMethod, 'GET')
    transaction.end()
    const words = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8)]
    const id = (1 << 30) | 1002
    // Batch of 24 bytes; ReqMethod "GET\0"; End "\0" with three bytes of padding; END.
    expect([...words.slice(0, 4), ...words.slice(5, 7), words[8]]).toEqual([BATCH, 24, (15 << 24) | 4, id, 0x4d000001, id, END])
    expect(Buffer.from(ring, 88 + 16, 4).toString('latin1')).toBe('GET\0')
    expect(view.getUint8(88 + 28)).toBe(0)
  })

  test('a record of a fetch alone', () => {
    const session = log.open(7, 'backend')
    session.direct = true
    session.record(TAG.Error, '')
    session.close()
    expect([at(8), at(9), at(11)]).toEqual([(2 << 24) | 1, 0x80000007, END])
  })
})

describe('laps', () => {
  const record = (number: number): Buffer => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32LE((TAG.VCL_Log << 24) | 8, 0)
    bytes.writeUInt32LE(7, 4)
    bytes.write(String(number).padStart(7, '0'), 8)
    return bytes
  }

  function numbers(ring: SharedArrayBuffer): number[] {
    return [...readRing(ring)].map((found) => Number(found.text))
  }

  test('the reader always sees an unbroken run up to the newest', () => {
    const ring = new SharedArrayBuffer(SMALL)
    const writer = new RingWriter(ring)
    for (let i = 0; i < 2000; i++) {
      writer.batch(record(i), 16)
      const seen = numbers(ring)
      expect(seen.at(-1)).toBe(i)
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, k) => i - seen.length + 1 + k))
      // Five segments of 64 words, a batch taking 6, once there is that much.
      expect(seen.length).toBeGreaterThanOrEqual(Math.min(i + 1, 50))
    }
    expect(writer.cycles).toBe(Math.floor(2000 / 85))
  })

  test('segments are counted through 2^32, and each says where its first record begins', () => {
    const ring = new SharedArrayBuffer(SMALL)
    const writer = new RingWriter(ring)
    const view = new RingView(ring)
    const segments: number[] = []
    for (let i = 0; i < 200; i++) {
      writer.batch(record(i), 16)
      if (segments.at(-1) !== view.segment) segments.push(view.segment)
      const offset = view.offset(view.segment & 7)
      expect([BATCH, END]).toContain(view.words[offset])
      expect(Math.floor(offset / view.segment_words)).toBe(view.segment & 7)
    }
    expect(segments.slice(0, 12)).toEqual([...Array.from({ length: 8 }, (_, i) => 0xfffffff8 + i), 0, 1, 2, 3])
  })

  test('a lap that ends early leaves a mark', () => {
    const ring = new SharedArrayBuffer(SMALL)
    const writer = new RingWriter(ring)
    const { words } = new RingView(ring)
    // 85 batches of 6 words leave 2 of 512, too few for one more.
    for (let i = 0; i < 86; i++) writer.batch(record(i), 16)
    expect([words[510], words[0], words[6]]).toEqual([WRAP, BATCH, END])
  })

  test('records of every length survive many laps', () => {
    const ring = new SharedArrayBuffer(16 * 1024)
    const log = new LogWriter(ring, { reclen_bytes: 255, buffer_bytes: 512, mask: defaultMask() })
    for (let i = 0; i < 3000; i++) {
      const transaction = log.open(i + 1, 'client')
      transaction.record(TAG.VCL_Log, String(i % 10).repeat(i % 254))
      transaction.end()
      const newest = [...readRing(ring)].at(-2)
      expect(newest).toMatchObject({ xid: i + 1, text: String(i % 10).repeat(i % 254) })
    }
  })

  test('a ring without room for eight segments is refused', () => {
    expect(() => new RingWriter(new ArrayBuffer(1000))).toThrow('eight segments')
    expect(() => new LogWriter(new ArrayBuffer(SMALL), { reclen_bytes: 255, buffer_bytes: 4096, mask: defaultMask() })).toThrow('vsl_space')
  })
})
