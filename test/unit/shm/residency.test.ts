import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import type { Outcome } from '../../../src/shm/native.ts'
import type { Mapping } from '../../../src/shm/residency.ts'
import { createResidencyMemory, Residency } from '../../../src/shm/residency.ts'
import { folder, MIB, open } from './kit.ts'

const PAGE = 4096
const GRANULE = 4 * PAGE

/** A file whose pages come and go as the test says. */
class FakeMapping implements Mapping {
  readonly page_bytes = PAGE
  readonly place = { size_bytes: MIB }
  readonly resident = new Set<number>()
  readonly reads: [number, number][] = []
  asked = 0
  outcome: Outcome = 0

  residentPages(offset: number, length: number): number {
    this.asked++
    let count = 0
    for (let page = Math.floor(offset / PAGE); page * PAGE < offset + length; page++) count += this.resident.has(page) ? 1 : 0
    return count
  }

  readCold(offset: number, length: number): Promise<Outcome> {
    this.reads.push([offset, length])
    if (this.outcome === 0) this.load(offset, length)
    return Promise.resolve(this.outcome)
  }

  load(offset: number, length: number): void {
    for (let page = Math.floor(offset / PAGE); page * PAGE < offset + length; page++) this.resident.add(page)
  }
}

interface SetUp {
  readonly mapping: FakeMapping
  readonly clock: ManualClock
  /** Page faults of the process that waited for the disk. */
  readonly disk: { faults: number }
  readonly memory: SharedArrayBuffer
  readonly residency: Residency
}

function setUp(): SetUp {
  const mapping = new FakeMapping()
  const clock = new ManualClock()
  const disk = { faults: 17 }
  const memory = createResidencyMemory(MIB, clock, () => disk.faults)
  return { mapping, clock, disk, memory, residency: new Residency(mapping, memory, clock, () => disk.faults) }
}

/** How long, in seconds, what was seen is believed. */
function trust(memory: SharedArrayBuffer): number {
  return new Uint32Array(memory)[0]
}

describe('what is not in memory', () => {
  test('is cold until it has been read, by whole granules', async () => {
    const { mapping, residency } = setUp()
    expect(residency.isWarm(GRANULE + 100, 1000)).toBe(false)
    expect(await residency.warm(GRANULE + 100, 1000)).toBe(0)
    expect(mapping.reads).toEqual([[GRANULE, GRANULE]])
    mapping.asked = 0
    expect(residency.isWarm(GRANULE, GRANULE)).toBe(true)
    expect(mapping.asked).toBe(0)
    expect(residency.isWarm(GRANULE - 1, 2)).toBe(false)
  })

  test('is cold even if only one page of it is missing', () => {
    const { mapping, residency } = setUp()
    mapping.load(0, 256 * 1024)
    mapping.resident.delete(37)
    expect(residency.isWarm(0, 256 * 1024)).toBe(false)
    expect(residency.isWarm(38 * PAGE, 26 * PAGE)).toBe(true)
  })

  test('is read once, however many want it', async () => {
    const { mapping, residency } = setUp()
    const outcomes = await Promise.all([residency.warm(0, 100), residency.warm(500, 100), residency.warm(0, GRANULE)])
    expect(outcomes).toEqual([0, 0, 0])
    expect(mapping.reads).toEqual([[0, GRANULE]])
    // Another, longer range that begins there is another read.
    await Promise.all([residency.warm(0, 100), residency.warm(0, 2 * GRANULE), residency.warm(0, GRANULE)])
    expect(mapping.reads.slice(1)).toEqual([
      [0, GRANULE],
      [0, 2 * GRANULE],
    ])
  })

  test('and cannot be read stays cold, and says why', async () => {
    const { mapping, residency } = setUp()
    mapping.outcome = 'EIO'
    expect(await residency.warm(0, 100)).toBe('EIO')
    expect(residency.isWarm(0, 100)).toBe(false)
    mapping.outcome = 0
    expect(await residency.warm(0, 100)).toBe(0)
    expect(mapping.reads.length).toBe(2)
  })
})

describe('what is in memory', () => {
  test('is asked for once, and then known to all threads', () => {
    const { mapping, clock, memory, residency } = setUp()
    mapping.load(0, 64 * PAGE)
    expect(residency.isWarm(0, 64 * PAGE)).toBe(true)
    expect(mapping.asked).toBe(1)
    const another = new Residency(mapping, memory, clock)
    expect(another.isWarm(5, 64 * PAGE - 5)).toBe(true)
    expect(mapping.asked).toBe(1)
  })

  test('nothing is always warm', () => {
    const { residency } = setUp()
    expect([residency.isWarm(0, 0), residency.isWarm(MIB, 0)]).toEqual([true, true])
  })

  test('is warm to the last byte of the file', async () => {
    const { mapping, residency } = setUp()
    expect(await residency.warm(MIB - 1, 1)).toBe(0)
    expect(mapping.reads).toEqual([[MIB - GRANULE, GRANULE]])
    expect(residency.isWarm(MIB - 1, 1)).toBe(true)
    expect(() => residency.isWarm(MIB, 2)).toThrow('a range lies in its mapping')
  })

  test('because it was just written needs no question; its neighbours do', () => {
    const { mapping, residency } = setUp()
    residency.written(PAGE, 3 * GRANULE)
    expect(residency.isWarm(GRANULE, 2 * GRANULE)).toBe(true)
    expect(mapping.asked).toBe(0)
    expect(residency.isWarm(PAGE, PAGE)).toBe(false)
    expect(residency.isWarm(3 * GRANULE, PAGE)).toBe(false)
  })

  test('beside pages that nobody has written yet is warm, but not remembered for them', () => {
    const { mapping, residency } = setUp()
    mapping.load(0, PAGE)
    expect(residency.isWarm(10, 1000)).toBe(true)
    expect(residency.isWarm(PAGE, 1)).toBe(false)
  })
})

describe('memory is not for ever', () => {
  test('what was seen is believed for 10 seconds, then asked for again and found gone', () => {
    const { mapping, clock, residency } = setUp()
    mapping.load(0, GRANULE)
    expect(residency.isWarm(0, 1)).toBe(true)
    mapping.resident.clear()
    clock.advance(9000)
    expect(residency.isWarm(0, 1)).toBe(true)
    clock.advance(3000)
    expect(residency.isWarm(0, 1)).toBe(false)
  })

  test('after page faults it is believed for half the time, at least for a second', () => {
    const { clock, disk, memory, residency } = setUp()
    for (const expected of [5, 2, 1, 1, 1]) {
      clock.advance(1000)
      disk.faults++
      residency.isWarm(0, 1)
      expect(trust(memory)).toBe(expected)
    }
  })

  test('then every hit after a second asks, and one within it does not', async () => {
    const { mapping, clock, disk, residency } = setUp()
    expect(await residency.warm(0, 1)).toBe(0)
    for (let i = 0; i < 10; i++) {
      clock.advance(1000)
      disk.faults++
      residency.isWarm(0, 1)
    }
    mapping.asked = 0
    for (let i = 1; i <= 5; i++) {
      clock.advance(1000)
      disk.faults++
      expect(residency.isWarm(0, 1)).toBe(true)
      expect(residency.isWarm(0, 1)).toBe(true)
      expect(mapping.asked).toBe(i)
    }
  })

  test('pages found gone soon after they were seen count as a fault', async () => {
    const { mapping, clock, memory, residency } = setUp()
    expect(await residency.warm(0, 1)).toBe(0)
    mapping.resident.clear()
    clock.advance(12_000)
    expect(residency.isWarm(0, 1)).toBe(false)
    expect(trust(memory)).toBe(5)
    // Once: what is missed again after so long says nothing more.
    expect(residency.isWarm(0, 1)).toBe(false)
    expect(trust(memory)).toBe(5)
  })

  test('while no thread waits for the disk it is asked for less and less, at most once a minute', () => {
    const { mapping, clock, residency } = setUp()
    mapping.load(0, GRANULE)
    for (let i = 0; i < 100; i++) {
      expect(residency.isWarm(0, 1)).toBe(true)
      clock.advance(1000)
    }
    mapping.asked = 0
    for (let i = 0; i < 600; i++) {
      expect(residency.isWarm(0, 1)).toBe(true)
      clock.advance(1000)
    }
    expect(mapping.asked).toBe(10)
  })

  test('what left long ago says nothing about now', () => {
    const { mapping, clock, residency } = setUp()
    mapping.load(0, 2 * GRANULE)
    expect(residency.isWarm(0, 1)).toBe(true)
    mapping.resident.clear()
    clock.advance(3_600_000)
    expect(residency.isWarm(0, 1)).toBe(false)
    mapping.load(GRANULE, GRANULE)
    expect(residency.isWarm(GRANULE, 1)).toBe(true)
    clock.advance(9000)
    const { asked } = mapping
    expect(residency.isWarm(GRANULE, 1)).toBe(true)
    expect(mapping.asked).toBe(asked)
  })

  test('a stamp from the future is not believed', () => {
    const { mapping, clock, memory, residency } = setUp()
    mapping.load(0, GRANULE)
    expect(residency.isWarm(0, 1)).toBe(true)
    mapping.resident.clear()
    const behind = new ManualClock(clock.wall_ms - 5000)
    expect(new Residency(mapping, memory, behind).isWarm(0, 1)).toBe(false)
  })
})

test('on a real file: cold, read, warm; written, warm', async () => {
  const { mapping } = open(join(folder(), 'store'), 4 * MIB)
  const clock = new ManualClock()
  const residency = new Residency(mapping, createResidencyMemory(4 * MIB, clock), clock)
  expect(residency.isWarm(MIB, 300_000)).toBe(false)
  expect(await residency.warm(MIB, 300_000)).toBe(0)
  expect(residency.isWarm(MIB, 300_000)).toBe(true)
  expect(mapping.residentPages(MIB, 300_000)).toBe(Math.ceil(300_000 / mapping.page_bytes))
  Buffer.from(mapping.buffer)[3 * MIB] = 1
  expect(residency.isWarm(3 * MIB, 1)).toBe(true)
})
