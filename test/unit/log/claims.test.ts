import { describe, expect, test } from 'vitest'
import { RingClaims } from '../../../src/log/claims.ts'
import type { LogVersion } from '../../../src/log/format.ts'
import { memoryOf, newRing, type RingPlace, takeSeat } from '../../../src/log/place.ts'
import { readRing } from '../../../src/log/reader.ts'
import { ownRing, RingWriter } from '../../../src/log/ring-writer.ts'
import { END, RingView } from '../../../src/log/ring.ts'
import { defaultMask, TAG } from '../../../src/log/tags.ts'
import { TALLY } from '../../../src/log/tally.ts'
import { LogWriter } from '../../../src/log/writer.ts'
import { MANAGER } from '../../../src/shm/lock.ts'
import { diesBefore } from '../../kit/atomic-steps.ts'
import { readTransactions } from './kit.ts'
import { Thread } from '../shm/threads.ts'
import { block, numbersIn, record } from './blocks.ts'
import type { ScribeData } from './scribe.thread.ts'

const SMALL = 88 + 8 * 64 * 4
const FILLER = 'log: a worker ended while it wrote what stood here'

function shared(
  size_bytes: number,
  version: LogVersion = 2,
): { ring: SharedArrayBuffer; place: RingPlace; writer: (thread: number) => RingWriter } {
  const ring = new SharedArrayBuffer(size_bytes)
  const place = newRing(ring, version)
  return { ring, place, writer: (thread) => new RingWriter(takeSeat(place, thread)) }
}

/** In two pieces, the second of two words, one of which is put in late. */
function inTwo(writer: RingWriter, bytes: Buffer): void {
  const words = new Uint32Array(bytes.length / 4)
  bytes.copy(new Uint8Array(words.buffer))
  const [first, last] = [words[0], words[words.length - 1]]
  words[0] = END
  words[words.length - 1] = 0
  writer.two(words.slice(0, -2), words.slice(-2), Int32Array.of(1), last, first)
}

describe('a writer that dies', () => {
  test('loses the block that it was writing, wherever it died, and others go on', () => {
    let step = 0
    for (; ; step++) {
      const { ring, writer } = shared(SMALL)
      const [first, second, manager] = [writer(0), writer(1), writer(MANAGER)]
      let written = 0
      const died = diesBefore(step, () => {
        for (; written < 60; written++) {
          const bytes = block(written)
          if (written % 3 === 0) first.single(bytes, bytes.length, bytes.readUInt32LE(0))
          else if (written % 3 === 1) inTwo(first, bytes)
          else first.batch(bytes, bytes.length)
        }
      })
      if (!died) break
      const seen = numbersIn(ring)
      manager.releaseAllOf(0)
      manager.releaseAllOf(0)
      const left = numbersIn(ring)
      // What it was writing may have made a segment of the oldest.
      const kept = left.filter((number) => number < written)
      expect(kept).toEqual(kept.length === 0 ? [] : seen.filter((number) => number < written).slice(-kept.length))
      const fillers = [...readRing(ring)].filter(({ tag }) => tag === TAG.Error)
      expect(fillers.length).toBeLessThanOrEqual(1)
      for (const { text, xid, side } of fillers) expect([FILLER.startsWith(text.split('\0')[0]), xid, side]).toEqual([true, 0, 'none'])
      for (let number = written + 1; number < written + 40; number++) {
        second.batch(block(number), block(number).length)
        if (number % 7 !== step % 7) continue
        const news = numbersIn(ring).filter((found) => found > written)
        const unbroken = news.every((found, i) => found === number - news.length + 1 + i)
        expect([unbroken, news.length > 0]).toEqual([true, true])
      }
    }
    expect(step).toBeGreaterThan(250)
  })

  test('holds nobody up but those who come before it is buried: what they write is lost', () => {
    const { ring, place, writer } = shared(SMALL)
    writer(0)
    // The lock is its first step, and the next is its claim.
    expect(diesBefore(1, () => writer(0).batch(record(1), 16))).toBe(true)
    const second = writer(1)
    second.batch(record(2), 16)
    expect(second.lost).toBe(1)
    expect(second.claims.waits).toBe(1)
    new RingWriter(takeSeat(place, MANAGER)).releaseAllOf(0)
    second.batch(record(3), 16)
    expect([second.lost, numbersIn(ring)]).toEqual([1, [3]])
  })

  test('right after it has published leaves nothing to fill', () => {
    const { ring, place, writer } = shared(SMALL)
    const view = new RingView(ring)
    const start = new RingClaims(view, place.claims, 0).claim(4)
    const bytes = record(7)
    bytes.copy(Buffer.from(ring), 88 + start * 4 + 4, 4, 16)
    Atomics.store(view.words, start, bytes.readUInt32LE(0))
    writer(MANAGER).releaseAllOf(0)
    expect([...readRing(ring)].map(({ text }) => text)).toEqual(['0000007'])
  })

  test('right after it has written down its claim has it made by the manager', () => {
    const { ring, place, writer } = shared(SMALL)
    writer(1).batch(record(1), 16)
    // The lease, and the line: position, size, no new lap, segment.
    const words = new Int32Array(place.claims)
    words[0] = 1
    words.set([6, 9, -1, -8], 16)
    writer(MANAGER).releaseAllOf(0)
    writer(1).batch(record(2), 16)
    expect([...readRing(ring)].map(({ text }) => text.split('\0')[0])).toEqual(['0000001', FILLER.slice(0, 27), '0000002'])
  })

  test.each<LogVersion>([2, 3])('leaves a hole of any size, which is filled: vsl_version=%d', (version) => {
    for (const words of [4, 5, 6, 100, 15_999, 16_000, 16_003, 16_004, 16_005, 32_001, 48_003, 60_000]) {
      const { ring, place, writer } = shared(2 ** 21, version)
      new RingClaims(new RingView(ring), place.claims, 0).claim(words)
      const next = new LogWriter(takeSeat(place, 1), { reclen_bytes: 255, buffer_bytes: 4096, mask: defaultMask() })
      next.event(TAG.VCL_Log, 'after it')
      expect([...readRing(ring)]).toEqual([])
      writer(MANAGER).releaseAllOf(0)
      const texts = [...readRing(ring)].map(({ text }) => text.split('\0')[0])
      expect(texts.at(-1)).toBe('after it')
      expect(texts.slice(0, -1).every((text) => FILLER.startsWith(text))).toBe(true)
      expect(texts.length).toBeLessThan(2 + words / 10_000 + 1)
    }
  })

  test('leaves its counters to the next', () => {
    const counted = (lives: number): number[] => {
      const place = newRing(new SharedArrayBuffer(88 + 8 * 128 * 4), 3)
      const tally = new Float64Array(6)
      for (let life = 0; life < lives; life++) {
        const log = new LogWriter(takeSeat(place, 3), { reclen_bytes: 32, buffer_bytes: 64, mask: defaultMask(), tally })
        for (let i = 0; i < 1200 / lives; i++) log.event(TAG.VCL_Log, 'x')
      }
      return [...tally]
    }
    expect(counted(3)).toEqual(counted(1))
    expect(counted(1)[4]).toBeGreaterThan(2)
  })
})

describe('a writer that is suspended between claim and publication', () => {
  test('is waited for by readers, and others do not write over it a lap later', () => {
    const { ring, place, writer } = shared(SMALL)
    const [other, view] = [writer(1), new RingView(ring)]
    const claims = new RingClaims(view, place.claims, 0)
    other.batch(record(0), 16)
    const at = claims.claim(4)
    let number = 1
    for (; other.lost === 0 && number < 1000; number++) other.batch(record(number), 16)
    // One lap less the segment in which it is.
    expect(number).toBeGreaterThan(70)
    expect(number).toBeLessThan(86)
    expect(numbersIn(ring)).not.toContain(number - 1)
    for (let i = 0; i < 100; i++) other.batch(record(9999), 16)
    expect(other.lost).toBe(101)
    const bytes = record(7777)
    bytes.copy(Buffer.from(ring), 88 + at * 4 + 4, 4, 16)
    claims.publish(at, bytes.readUInt32LE(0))
    const before = numbersIn(ring)
    other.batch(record(number), 16)
    expect([other.lost, numbersIn(ring).at(-1)]).toEqual([101, number])
    expect(before).not.toContain(9999)
  })
})

test('what is lost is counted', () => {
  const { place } = shared(88 + 8 * 128 * 4)
  new RingClaims(new RingView(memoryOf(place.memory)), place.claims, 0).claim(8)
  const tally = new Float64Array(6)
  const log = new LogWriter(takeSeat(place, 1), { reclen_bytes: 32, buffer_bytes: 64, mask: defaultMask(), tally })
  for (let i = 0; i < 1000; i++) log.event(TAG.VCL_Log, 'x')
  expect(tally[TALLY.writes]).toBe(1000)
  // The rest of the lap has room for so many of three words.
  expect(tally[TALLY.lost]).toBe(1000 - Math.floor((8 * 128 - 8) / 3))
})

/** Texts of a scribe's. */
function hitOf(slot: number, number: number): string[] {
  const at = (1_795_377_297 + number / 1000).toFixed(6)
  const begin = [`req ${8 * (slot + 1)} rxreq`, `Start: ${at} 0.000000 0.000000`, `Req: ${at} 0.000000 0.000000`]
  return [...begin, 'boot', '192.0.2.1 5 a0', 'GET', `/${slot}`, '1 2 3 3 4 7', '']
}

describe('many threads', () => {
  test('write whole transactions, and none is lost', async () => {
    const memory = new SharedArrayBuffer(2 ** 24)
    const place = newRing(memory, 3)
    const data = (slot: number): ScribeData => ({ place, slot, transactions: 3000, beats: new SharedArrayBuffer(4) })
    const threads = [0, 1, 2].map((slot) => new Thread('../log/scribe.thread.ts', data(slot)))
    const codes = await Promise.all(threads.map(({ exited }) => exited))
    expect(codes).toEqual([0, 0, 0])
    const all = readTransactions(memory)
    const hits = [0, 0, 0]
    for (const records of all.filter((one) => one.some(({ name }) => name === 'ReqAcct'))) {
      const slot = Number(records.find(({ name }) => name === 'ReqURL')?.text.slice(1))
      expect(records.map(({ text }) => text)).toEqual(hitOf(slot, hits[slot]++))
    }
    const transactions = all.filter((one) => !one.some(({ name }) => name === 'ReqAcct'))
    const seen = [0, 0, 0]
    for (const records of transactions) {
      const [, slot, number, length] = records[0].text.split(' ').map(Number)
      expect(number).toBe(seen[slot]++)
      expect(records).toHaveLength(length + 2)
      expect(records.slice(1, -1).every(({ text }, i) => text === `${slot} ${number} ${'x'.repeat(i * 9)}`)).toBe(true)
    }
    expect([seen, hits]).toEqual([Array(3).fill(3000), Array(3).fill(3000)])
  })

  test('that are ended anywhere stop neither readers nor each other', async () => {
    const memory = new SharedArrayBuffer(2 ** 18)
    const place = newRing(memory, 3)
    const manager = new RingWriter(takeSeat(place, MANAGER))
    const begin = (slot: number): { thread: Thread; beats: Int32Array } => {
      const beats = new SharedArrayBuffer(4)
      const data: ScribeData = { place, slot, transactions: Infinity, beats }
      return { thread: new Thread('../log/scribe.thread.ts', data), beats: new Int32Array(beats) }
    }
    const steady = begin(0)
    const beat = async ({ beats }: { beats: Int32Array }): Promise<void> => {
      const before = Atomics.load(beats, 0)
      while (Atomics.load(beats, 0) < before + 50) await new Promise((resolve) => setImmediate(resolve))
    }
    for (let life = 0; life < 8; life++) {
      const brief = begin(1)
      await beat(brief)
      await brief.thread.end()
      manager.releaseAllOf(1)
      await beat(steady)
    }
    await steady.thread.end()
    manager.releaseAllOf(0)
    const last = new LogWriter(takeSeat(place, 0), { reclen_bytes: 255, buffer_bytes: 4096, mask: defaultMask() })
    last.event(TAG.VCL_Log, 'the end')
    expect([...readRing(memory)].at(-1)?.text).toBe('the end')
  })
})

test('a ring of its own is nobody else’s', () => {
  const ring = ownRing(new ArrayBuffer(SMALL), 2)
  const writer = new RingWriter(ring)
  writer.batch(record(5), 16)
  expect([numbersIn(ring.memory), writer.lost, writer.claims.waits]).toEqual([[5], 0, 0])
})
