import { expect, test } from 'vitest'
import { APPEND_OK, APPEND_PAUSE, type RemovalReason, type StoredObject } from '../../../src/store/contract.ts'
import { head, KIB, pattern, pieces, readAll, stored, type MakeStore } from './fixtures.ts'

export function budget(makeStore: MakeStore): void {
  const TINY = { capacity_bytes: 256 * KIB, transit_buffer_bytes: 16 * KIB }

  test('the least recently used object goes first, and its owner is told once', () => {
    const store = makeStore(TINY)
    const gone: StoredObject[] = []
    const told = (object: StoredObject, reason: RemovalReason) => {
      expect(reason).toBe('evicted')
      expect(object.live).toBe(false)
      gone.push(object)
    }
    const first = stored(store, pattern(50 * KIB, 1), told)
    const second = stored(store, pattern(50 * KIB, 2), told)
    const third = stored(store, pattern(50 * KIB, 3), told)
    const fourth = stored(store, pattern(50 * KIB, 4), told)
    store.touch(first)
    store.touch(third)
    expect(gone).toEqual([])
    stored(store, pattern(50 * KIB, 5), told)
    expect(gone).toEqual([second])
    stored(store, pattern(50 * KIB, 6), told)
    expect(gone).toEqual([second, fourth])
    expect(store.stats()).toMatchObject({ nuked: 2, objects: 4 })
    expect(readAll(first.body).equals(pattern(50 * KIB, 1))).toBe(true)
  })

  test('the budget holds while many bodies fill at once', () => {
    const store = makeStore(TINY)
    const filling = Array.from({ length: 20 }, () => store.fill(-1))
    const chunk = pattern(3000, 1)
    for (let round = 0; round < 20; round++) {
      for (const body of filling) {
        if (!body.windowed) body.append(chunk)
        expect(store.stats().used_bytes).toBeLessThanOrEqual(TINY.capacity_bytes)
      }
    }
    expect(filling.some((body) => body.windowed)).toBe(true)
    expect(filling.some((body) => !body.windowed)).toBe(true)
    for (const body of filling) body.fail()
    expect(store.stats()).toMatchObject({ used_bytes: 0, transient_bytes: 0 })
  })

  test('a body too large for the store is a window from the start, and streams', () => {
    const store = makeStore(TINY)
    const kept = stored(store, pattern(20 * KIB, 1))
    const body = store.fill(TINY.capacity_bytes)
    expect(body.windowed).toBe(true)
    expect(store.admit(head(), body, () => {})).toBeUndefined()
    expect(store.stats().failures).toBeGreaterThan(0)
    expect(kept.live).toBe(true)
  })

  test('a body of unknown length that outgrows its share turns into a window; its readers miss nothing, its object leaves', () => {
    const store = makeStore(TINY)
    const bytes = pattern(2 * TINY.capacity_bytes, 9)
    const body = store.fill(-1)
    const reasons: RemovalReason[] = []
    const object = store.admit(head(), body, (_, reason) => reasons.push(reason))
    const readers = [body.read(0), body.read(0)]
    const got = readers.map((): Buffer[] => [])
    readers.forEach((reader, i) => (reader.onMore = () => got[i].push(...pieces(reader))))
    for (let at = 0; at < bytes.length; at += 5000) {
      body.append(bytes.subarray(at, at + 5000))
      expect(store.stats().used_bytes + store.stats().transient_bytes).toBeLessThanOrEqual(TINY.capacity_bytes)
    }
    body.complete()
    expect(body.windowed).toBe(true)
    expect(body.joinable).toBe(false)
    expect(object?.live).toBe(false)
    expect(reasons).toEqual(['evicted'])
    for (const mine of got) expect(Buffer.concat(mine).equals(bytes)).toBe(true)
  })

  test('a body that turned into a window pauses its writer for the slowest reader', () => {
    const store = makeStore(TINY)
    const body = store.fill(-1)
    const reader = body.read(0)
    let last: number = APPEND_OK
    while (!body.windowed) last = body.append(pattern(5000, 1))
    expect(last).toBe(APPEND_PAUSE)
    let room = 0
    body.onRoom = () => room++
    pieces(reader)
    expect(room).toBe(1)
    expect(body.joinable).toBe(false)
  })

  test('objects that are being read are not evicted: it would free nothing', () => {
    const store = makeStore(TINY)
    const objects = [1, 2, 3, 4].map((seed) => stored(store, pattern(55 * KIB, seed)))
    const readers = objects.map((object) => object.body.read(0))
    expect(store.fill(55 * KIB).windowed).toBe(true)
    expect(objects.every((object) => object.live)).toBe(true)
    readers[2].release()
    expect(store.fill(55 * KIB).windowed).toBe(false)
    expect(objects.map((object) => object.live)).toEqual([true, true, false, true])
  })

  test('what cannot be had by evicting evicts nothing', () => {
    const store = makeStore(TINY)
    const small = stored(store, pattern(10 * KIB, 1))
    const fillers = [store.fill(110 * KIB), store.fill(100 * KIB)]
    expect(fillers.map((body) => body.windowed)).toEqual([false, false])
    expect(store.fill(60 * KIB).windowed).toBe(true)
    expect(small.live).toBe(true)
  })

  test('an owner that reacts to an eviction by removing others is no trouble', () => {
    const store = makeStore(TINY)
    const objects: StoredObject[] = []
    let told = 0
    const onRemoved = () => {
      told++
      const next = objects.find((object) => object.live)
      if (next !== undefined) store.remove(next, 'purged')
    }
    for (let i = 0; i < 50; i++) objects.push(stored(store, pattern(30 * KIB, i), onRemoved))
    expect(told).toBe(store.stats().nuked)
    expect(store.stats().objects).toBe(objects.filter((object) => object.live).length)
    expect(store.stats().used_bytes).toBe(objects.filter((object) => object.live).reduce((sum, object) => sum + object.size_bytes, 0))
  })
}
