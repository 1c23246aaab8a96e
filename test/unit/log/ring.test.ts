import { describe, expect, test } from 'vitest'
import type { LogVersion } from '../../../src/log/format.ts'
import { readRing } from '../../../src/log/reader.ts'
import { ownRing, RingWriter } from '../../../src/log/ring-writer.ts'
import { BATCH, END, formatRing, RingView, WRAP } from '../../../src/log/ring.ts'
import { defaultMask, TAG } from '../../../src/log/tags.ts'
import { LogWriter } from '../../../src/log/writer.ts'
import { record } from './blocks.ts'

const SMALL = 88 + 8 * 64 * 4

/** Field by field, with the offsets and numbers of the published layout rather than our constants. */
describe.each<[LogVersion, string]>([
  [2, 'VSLHEAD1'],
  [3, 'VSLHEAD2'],
])('the segment as other programs read it, vsl_version=%d', (version, magic) => {
  const ring = new SharedArrayBuffer(88 + 8 * 128 * 4 + 5)
  const view = new DataView(ring)
  const log = new LogWriter(ownRing(ring, version), { reclen_bytes: 32, buffer_bytes: 64, mask: defaultMask() })
  const words = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => view.getUint32(88 + (from + i) * 4, true))
  const [client, backend] = [1 << 30, 0x80000000]
  /** Older and newer number of the tag, length. */
  const first = (older: number, newer: number, length: number): number =>
    (version === 2 ? older * 2 ** 24 : newer * 2 ** 24 + 65_536) + length

  test('head, when new', () => {
    expect(Buffer.from(ring, 0, 8).toString()).toBe(magic)
    expect(view.getBigInt64(8, true)).toBe(128n)
    expect(view.getUint32(16, true)).toBe(0xfffffff8)
    expect(Array.from({ length: 8 }, (_, k) => view.getBigInt64(24 + 8 * k, true))).toEqual([0n, -1n, -1n, -1n, -1n, -1n, -1n, -1n])
    expect(words(0, 1)).toEqual([END])
  })

  test('a batch of two records', () => {
    const transaction = log.open(1002, 'client')
    transaction.record(TAG.ReqMethod, 'GET')
    transaction.end()
    const id = version === 2 ? [client + 1002] : [1002, client]
    const batch = version === 2 ? [BATCH, 24] : [BATCH, 32, 0]
    const [text, empty] = [Buffer.from('GET\0').readUInt32LE(), words(3 * version + 1, 1)[0] & 0xffffff00]
    const expected = [...batch, first(15, 13, 4), ...id, text, first(77, 75, 1), ...id, empty, END]
    expect(words(0, expected.length)).toEqual(expected)
  })

  test('a record of a fetch alone', () => {
    const from = 3 * version + 2
    expect(words(from, 1)).toEqual([END])
    const session = log.open(7, 'backend')
    session.direct = true
    session.record(TAG.BackendClose, '')
    session.close()
    const id = version === 2 ? [backend + 7] : [7, backend]
    expect(words(from, version)).toEqual([first(8, 7, 1), ...id])
    expect(words(from + version + 1, 1)).toEqual([END])
  })
})

describe('laps', () => {
  function numbers(ring: SharedArrayBuffer): number[] {
    return [...readRing(ring)].map((found) => Number(found.text))
  }

  test('the reader always sees an unbroken run up to the newest', () => {
    const ring = new SharedArrayBuffer(SMALL)
    const writer = new RingWriter(ownRing(ring, 2))
    for (let i = 0; i < 2000; i++) {
      writer.batch(record(i), 16)
      const seen = numbers(ring)
      expect(seen.at(-1)).toBe(i)
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, k) => i - seen.length + 1 + k))
      // Five segments of 64 words, a batch taking 6, once there is that much.
      expect(seen.length).toBeGreaterThanOrEqual(Math.min(i + 1, 50))
    }
    expect(writer.claims.laps).toBe(Math.floor(2000 / 85))
  })

  test('segments are counted through 2^32, and each says where its first record begins', () => {
    const ring = new SharedArrayBuffer(SMALL)
    const writer = new RingWriter(ownRing(ring, 2))
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
    const writer = new RingWriter(ownRing(ring, 2))
    const { words } = new RingView(ring)
    // 85 batches of 6 words leave 2 of 512, too few for one more.
    for (let i = 0; i < 86; i++) writer.batch(record(i), 16)
    expect([words[510], words[0], words[6]]).toEqual([WRAP, BATCH, END])
  })

  test.each<LogVersion>([2, 3])('records of every length survive many laps, vsl_version=%d', (version) => {
    const ring = new SharedArrayBuffer(16 * 1024)
    const log = new LogWriter(ownRing(ring, version), { reclen_bytes: 255, buffer_bytes: 512, mask: defaultMask() })
    for (let i = 0; i < 3000; i++) {
      const transaction = log.open(i + 1, 'client')
      transaction.record(TAG.VCL_Log, String(i % 10).repeat(i % 254))
      transaction.end()
      const newest = [...readRing(ring)].at(-2)
      expect(newest).toMatchObject({ xid: i + 1, side: 'client', text: String(i % 10).repeat(i % 254) })
    }
  })
})

test('memory without room for eight segments, or that nobody has formatted, is refused', () => {
  expect(() => formatRing(new ArrayBuffer(1000), 3)).toThrow('eight segments')
  expect(() => new RingView(new ArrayBuffer(SMALL))).toThrow('formatted')
  const ring = ownRing(new ArrayBuffer(SMALL), 3)
  expect(() => new LogWriter(ring, { reclen_bytes: 255, buffer_bytes: 4096, mask: defaultMask() })).toThrow('vsl_space')
})
