import { afterEach, expect, test, vi } from 'vitest'
import { FileMapping } from '../../../../src/shm/mapping.ts'
import { Storages } from '../../../../src/flow/storages.ts'
import { Residency } from '../../../../src/shm/residency.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { type Arena, attachArena } from '../../../../src/store/arena/arena.ts'
import { Checks } from '../../../../src/store/arena/checks.ts'
import { Epochs } from '../../../../src/store/arena/epochs.ts'
import { Records } from '../../../../src/store/arena/records.ts'
import { Segments, STATE } from '../../../../src/store/arena/segments.ts'
import { close, kill, newPath, openArena, storeIn } from '../../../kit/arena-file.ts'
import { seekKnown, storeKnown } from '../../../kit/known-bodies.ts'

/** A file whose disk is slow, full or broken. */

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [0, 100, 3000, 70 * KIB, 900 * KIB, 5 * MIB]
const GRANULE_BYTES = 16 * KIB

afterEach(() => {
  vi.restoreAllMocks()
})

/** A path with a store of an earlier process, that has one object of each size, with and without an announced one. */
async function leave(): Promise<string> {
  const path = newPath()
  const arena = openArena(path, 64 * MIB)
  const store = storeIn(arena)
  for (const [i, size] of SIZES.entries()) {
    expect(storeKnown(store, `announced ${i}`, 100 + i, size, true)).toBe(true)
    expect(storeKnown(store, `unknown ${i}`, 200 + i, size, false)).toBe(true)
  }
  await close(arena)
  return path
}

const IDS = SIZES.flatMap((_, i) => [`announced ${i}`, `unknown ${i}`])

/** Nothing is in memory until it was waited for. */
function coolDown(outcome: (offset: number) => 0 | 'EIO' = () => 0): { waits: number } {
  const warm = new Set<number>()
  const seen = { waits: 0 }
  const each = (offset: number, length: number, call: (granule: number) => boolean): boolean => {
    for (let granule = Math.floor(offset / GRANULE_BYTES); granule * GRANULE_BYTES < offset + length; granule++)
      if (!call(granule)) return false
    return true
  }
  vi.spyOn(Residency.prototype, 'isWarm').mockImplementation((offset, length) => each(offset, length, (granule) => warm.has(granule)))
  vi.spyOn(Residency.prototype, 'warm').mockImplementation(async (offset, length) => {
    seen.waits++
    const read = outcome(offset)
    if (read === 0) each(offset, length, (granule) => warm.add(granule).size > 0)
    return read
  })
  return seen
}

test('what is not in memory is waited for, and then it is all there', async () => {
  const store = storeIn(openArena(await leave(), 64 * MIB))
  const seen = coolDown()
  for (const id of IDS) expect([id, await seekKnown(store, id)]).toEqual([id, 'hit'])
  // Heads, and an extent at a time.
  expect(seen.waits).toBeGreaterThan(60)
  const before = seen.waits
  for (const id of IDS) expect(await seekKnown(store, id)).toBe('hit')
  expect(seen.waits).toBe(before)
})

test('a look that would have to wait finds nothing, and says what to wait for', async () => {
  const store = storeIn(openArena(await leave(), 64 * MIB))
  coolDown()
  expect(store.seek('announced 3')).toBe(undefined)
  expect(store.cold).toBeDefined()
  expect(store.seek('nothing')).toBe(undefined)
  expect(store.cold).toBe(undefined)
})

test('a small body that is verified with its head is in memory first, too', async () => {
  const store = storeIn(openArena(await leave(), 64 * MIB))
  // Pages leave one by one: of the record only the beginning is there.
  vi.spyOn(Residency.prototype, 'isWarm').mockImplementation((_offset, length) => length <= 2 * KIB)
  vi.spyOn(Residency.prototype, 'warm').mockResolvedValue(0)
  const verified = vi.spyOn(Checks.prototype, 'isHeadWhole')
  const found = store.seek('announced 2') !== undefined
  expect([found, store.cold !== undefined, verified.mock.calls.length]).toEqual([false, true, 0])
})

test('what the disk cannot read is a miss, is counted and told, and is left alone', async () => {
  const told: string[] = []
  const arena = openArena(await leave(), 64 * MIB)
  const store = arenaStore(arena.handle, { onTrouble: (message) => told.push(message) })
  const { objects } = store.stats()
  coolDown(() => 'EIO')
  for (const id of IDS) expect([id, await seekKnown(store, id)]).toEqual([id, 'miss'])
  expect(store.stats().objects).toBe(objects - IDS.length)
  expect(store.arenaStats().disk_errors).toBe(IDS.length)
  expect(told).toEqual([expect.stringMatching(/^the file store .* could not be read or written \(EIO\): what lay there is fetched again/)])
})

test('a full disk: nothing is stored beyond what has room, one line says so, and later it is tried again', () => {
  const told: string[] = []
  let room = 20
  vi.spyOn(FileMapping.prototype, 'allocate').mockImplementation((offset) => (offset === 0 || room-- > 0 ? 0 : 'ENOSPC'))
  const arena = openArena(newPath(), 8 * MIB)
  const store = arenaStore(arena.handle, { onTrouble: (message) => told.push(message) })
  const put = (from: number): number => {
    let stored = 0
    for (let i = from; i < from + 300; i++) {
      store.newRun()
      if (storeKnown(store, `id ${i}`, i, 20 * KIB, true)) stored++
    }
    return stored
  }
  // Those that have room go on being used: eviction makes it.
  expect(put(0)).toBeGreaterThan(250)
  expect(store.stats().used_bytes).toBeLessThan(20 * arena.handle.geometry.segment_bytes)
  expect(told).toEqual([expect.stringMatching(/finds no room on its file system \(ENOSPC\)/)])
  room = 1000
  store.expire(1, 1)
  expect(put(300)).toBeGreaterThan(250)
  expect(store.stats().used_bytes).toBeLessThan(20 * arena.handle.geometry.segment_bytes)
  store.expire(60_000, 1)
  expect(put(600)).toBeGreaterThan(290)
  expect(store.stats().used_bytes).toBeGreaterThan(40 * arena.handle.geometry.segment_bytes)
})

test('all workers know whether the disk had room when it was last asked, and it is asked again although nothing is stored', () => {
  let full = true
  const asked = vi.spyOn(FileMapping.prototype, 'allocate').mockImplementation((offset) => (offset === 0 || !full ? 0 : 'ENOSPC'))
  const arena = openArena(newPath(), 8 * MIB)
  const [one, other] = [storeIn(arena, 0), storeIn(arena, 1)]
  expect([one.stats().happy, other.stats().happy]).toEqual([true, true])
  expect(storeKnown(one, 'small', 1, 100, true)).toBe(false)
  expect([one.stats().happy, other.stats().happy]).toEqual([false, false])
  expect(new Storages([one], one).named('s0')?.happy).toBe(false)
  other.expire(1, 1)
  const before = asked.mock.calls.length
  // Once, however many segments wait for it.
  other.expire(11_000, 1)
  expect(asked.mock.calls.length).toBe(before + 1)
  expect([one.stats().happy, other.stats().happy, one.arenaStats().free_segments]).toEqual([false, false, 0])
  full = false
  other.expire(22_000, 1)
  expect([one.stats().happy, other.stats().happy, one.arenaStats().free_segments]).toEqual([true, true, arena.handle.geometry.segments])
  expect(storeKnown(one, 'small', 1, 100, true)).toBe(true)
  expect(one.stats().happy).toBe(true)
})

test('a disk that has room for nothing: every response goes around the store', () => {
  vi.spyOn(FileMapping.prototype, 'allocate').mockImplementation((offset) => (offset === 0 ? 0 : 'ENOSPC'))
  const store = arenaStore(openArena(newPath(), 8 * MIB).handle)
  store.newRun()
  expect(storeKnown(store, 'small', 1, 100, true)).toBe(false)
  expect(storeKnown(store, 'large', 2, 3 * MIB, true)).toBe(false)
  expect(storeKnown(store, 'unknown', 3, 70 * KIB, false)).toBe(false)
  expect(store.stats()).toMatchObject({ failures: 3, used_bytes: 0, objects: 0 })
})

function segmentsOf({ handle }: Arena): Segments {
  const memory = attachArena(handle, 1)
  return new Segments(memory, new Epochs(memory))
}

/** Segments whose records are looked at from now on. */
function watchLooks(segments: Segments): Set<number> {
  const seen = new Set<number>()
  for (const look of ['generationOf', 'unitsOf', 'firstExtent', 'state'] as const) {
    const looked = Records.prototype[look]
    vi.spyOn(Records.prototype, look).mockImplementation(function (this: Records, place: number) {
      seen.add(segments.at(place))
      return looked.call(this, place)
    })
  }
  return seen
}

test('where a lost object lay is not looked at when its entry is used again', async () => {
  const arena = openArena(await leave(), 64 * MIB)
  const store = storeIn(arena)
  const segments = segmentsOf(arena)
  coolDown(() => 'EIO')
  for (const id of IDS) expect(await seekKnown(store, id)).toBe('miss')
  const seen = watchLooks(segments)
  for (const [i, id] of IDS.entries()) {
    store.newRun()
    expect(storeKnown(store, id, 300 + i, 1000, true)).toBe(true)
  }
  expect([...seen].filter((segment) => segments.isOld(segment))).toEqual([])
})

/** A path with a store of an earlier process, of 8 MiB, that is full. */
function leaveFull(): string {
  const path = newPath()
  const arena = openArena(path, 8 * MIB)
  const store = storeIn(arena)
  for (let i = 0; i < 300; i++) {
    store.newRun()
    expect(storeKnown(store, `old ${i}`, i, i % 4 === 0 ? 150 * KIB : 20 * KIB, i % 2 === 0)).toBe(true)
  }
  kill(arena)
  return path
}

/** No segment is in memory until it was read, and what was read is. `read` is waited for. */
function coolSegments({ handle }: Arena, read: (segment: number) => Promise<0 | 'EIO'>): Set<number> {
  const { segments_at, segment_bytes } = handle.geometry
  const at = (offset: number): number => Math.floor((offset - segments_at) / segment_bytes)
  const warm = new Set<number>()
  vi.spyOn(Residency.prototype, 'isWarm').mockImplementation((offset) => warm.has(at(offset)))
  vi.spyOn(FileMapping.prototype, 'isAtHand').mockImplementation((offset) => warm.has(at(offset)))
  vi.spyOn(FileMapping.prototype, 'readCold').mockImplementation(async (offset, length) => {
    for (let segment = at(offset); segment <= at(offset + length - 1); segment++) {
      if ((await read(segment)) !== 0) return 'EIO'
      warm.add(segment)
    }
    return 0
  })
  return warm
}

test('what the disk cannot read is not walked over to make room, and the rest goes on being used', async () => {
  const path = leaveFull()
  const told: string[] = []
  const arena = openArena(path, 8 * MIB)
  const store = arenaStore(arena.handle, { onTrouble: (message) => told.push(message) })
  const segments = segmentsOf(arena)
  const bad = new Set<number>()
  for (let segment = 1; segment < segments.count; segment += 3) if (segments.state(segment) !== STATE.free) bad.add(segment)
  expect(bad.size).toBeGreaterThan(20)
  coolSegments(arena, (segment) => Promise.resolve(bad.has(segment) ? 'EIO' : 0))
  const seen = watchLooks(segments)
  let stored = 0
  for (let i = 0; i < 1000; i++) {
    store.newRun()
    if (storeKnown(store, `new ${i}`, i, 20 * KIB, true)) stored++
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(stored).toBeGreaterThan(850)
  expect([...seen].filter((segment) => bad.has(segment))).toEqual([])
  expect(store.arenaStats().disk_errors).toBeGreaterThan(20)
  expect(told).toEqual([expect.stringMatching(/could not be read or written \(EIO\)/)])
})

test('a full store that is not in memory: nobody waits for the disk to make room, and when it has read there is some', async () => {
  const arena = openArena(leaveFull(), 8 * MIB)
  const store = storeIn(arena)
  const segments = segmentsOf(arena)
  const gate = Promise.withResolvers<void>()
  const begun: number[] = []
  const warm = coolSegments(arena, async (segment) => {
    begun.push(segment)
    await gate.promise
    return 0
  })
  const renewed = vi.spyOn(FileMapping.prototype, 'renew')
  const seen = watchLooks(segments)
  const put = (id: string, size: number): boolean => {
    store.newRun()
    return storeKnown(store, id, 1, size, true)
  }
  for (let i = 0; i < 50; i++) {
    expect(put(`early ${i}`, 20 * KIB)).toBe(false)
    expect(put(`early and large ${i}`, 700 * KIB)).toBe(false)
    store.expire(1e15, 16)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(renewed.mock.calls).toEqual([])
  expect([...seen]).toEqual([])
  // The thread pool has other work.
  expect(begun.length).toBeGreaterThan(0)
  expect(begun.length).toBeLessThanOrEqual(2)
  gate.resolve()
  store.expire(0, 0)
  await vi.waitFor(() => expect(put('later', 20 * KIB)).toBe(true))
  await vi.waitFor(() => expect(put('later and large', 700 * KIB)).toBe(true))
  expect([...seen].filter((segment) => !warm.has(segment))).toEqual([])
  expect(await seekKnown(store, 'later')).toBe('hit')
  expect(await seekKnown(store, 'later and large')).toBe('hit')
})
