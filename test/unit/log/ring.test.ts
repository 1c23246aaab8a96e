import { describe, expect, test } from 'vitest'
import { readRing } from '../../../src/log/reader.ts'
import { BATCH, END, RingView, RingWriter, WRAP } from '../../../src/log/ring.ts'
import { defaultMask, TAG } from '../../../src/log/tags.ts'
import { LogWriter } from '../../../src/log/writer.ts'
import { diesBefore } from '../../kit/atomic-steps.ts'

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

describe('a writer that dies', () => {
  /** Blocks of every length from 5 words on, also such that do not fit what is left of a lap. */
  const block = (number: number): Buffer => {
    const length = 8 + ((number * 7) % 40) * 4
    const bytes = Buffer.alloc(8 + length, '.')
    bytes.writeUInt32LE(((TAG.VCL_Log << 24) | length) >>> 0, 0)
    bytes.writeUInt32LE(7, 4)
    bytes.write(String(number).padStart(7, '0'), 8)
    return bytes
  }
  const numbersOf = (ring: SharedArrayBuffer): number[] =>
    [...readRing(ring)].filter((found) => found.tag === TAG.VCL_Log).map((found) => Number(found.text.slice(0, 7)))

  test('is followed by one that goes on, wherever it died: only the block that it was writing is lost', () => {
    let step = 0
    for (; ; step++) {
      const ring = new SharedArrayBuffer(SMALL)
      const first = new RingWriter(ring)
      let written = 0
      const died = diesBefore(step, () => {
        for (; written < 150; written++) {
          const bytes = block(written)
          if (written % 3 === 0) first.single(bytes, bytes.length, bytes.readUInt32LE(0))
          else first.batch(bytes, bytes.length)
        }
      })
      if (!died) break
      const seen = numbersOf(ring)
      const second = new RingWriter(ring)
      // It may have died at the end of a lap: then the oldest are as good as gone.
      const left = numbersOf(ring)
      expect(left).toEqual(left.length === 0 ? [] : seen.slice(-left.length))
      expect(left.at(-1)).toBe(seen.at(-1))
      for (let number = written + 1; number < written + 60; number++) {
        second.batch(block(number), block(number).length)
        const now = numbersOf(ring)
        expect(now).toEqual([...Array(now.length).keys()].map((k) => number - now.length + 1 + k - (k < now.indexOf(written + 1) ? 1 : 0)))
      }
    }
    expect(step).toBeGreaterThan(200)
  })

  test('leaves its place and its counters to the next', () => {
    const counted = (lives: number): number[] => {
      const ring = new SharedArrayBuffer(88 + 8 * 128 * 4)
      const tally = new Float64Array(5)
      for (let life = 0; life < lives; life++) {
        const log = new LogWriter(ring, { reclen_bytes: 32, buffer_bytes: 64, mask: defaultMask(), tally })
        for (let i = 0; i < 1200 / lives; i++) log.event(TAG.VCL_Log, 'x')
      }
      return [...tally]
    }
    expect(counted(3)).toEqual(counted(1))
    expect(counted(1)[4]).toBeGreaterThan(2)
  })
})
