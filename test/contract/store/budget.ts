import { expect, test } from 'vitest'
import { APPEND_OK, APPEND_PAUSE } from '../../../src/store/contract.ts'
import { fill, KIB, type MakeStore, open, pattern, pieces, readAll, stored } from './fixtures.ts'

export function budget(makeStore: MakeStore): void {
  const TINY = { capacity_bytes: 256 * KIB, transit_buffer_bytes: 16 * KIB }

  test('the least recently used object goes first', () => {
    const store = makeStore(TINY)
    const first = stored(store, pattern(50 * KIB, 1))
    const second = stored(store, pattern(50 * KIB, 2))
    const third = stored(store, pattern(50 * KIB, 3))
    const fourth = stored(store, pattern(50 * KIB, 4))
    store.touch(first)
    store.touch(third)
    expect(second.live).toBe(true)
    stored(store, pattern(50 * KIB, 5))
    expect([first, second, third, fourth].map(({ live }) => live)).toEqual([true, false, true, true])
    stored(store, pattern(50 * KIB, 6))
    expect([first, second, third, fourth].map(({ live }) => live)).toEqual([true, false, true, false])
    expect(store.stats()).toMatchObject({ nuked: 2, objects: 4 })
    expect(readAll(first.body).equals(pattern(50 * KIB, 1))).toBe(true)
  })

  test('the budget holds while many bodies fill at once', () => {
    const store = makeStore(TINY)
    const filling = Array.from({ length: 20 }, () => fill(store, -1))
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

  test('a body too large for the store is not opened', () => {
    const store = makeStore(TINY)
    const kept = stored(store, pattern(20 * KIB, 1))
    expect(open(store, TINY.capacity_bytes)).toBeUndefined()
    expect(store.stats().failures).toBeGreaterThan(0)
    expect(kept.live).toBe(true)
  })

  test('a body of unknown length that outgrows its share turns into a window; its readers miss nothing, its object leaves', () => {
    const store = makeStore(TINY)
    const bytes = pattern(2 * TINY.capacity_bytes, 9)
    const object = open(store, -1)!
    const { body } = object
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
    expect(object.live).toBe(false)
    expect(store.stats().nuked).toBe(1)
    for (const mine of got) expect(Buffer.concat(mine).equals(bytes)).toBe(true)
  })

  test('a body that turned into a window pauses its writer for the slowest reader', () => {
    const store = makeStore(TINY)
    const body = fill(store, -1)
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
    expect(fill(store, 55 * KIB).windowed).toBe(true)
    expect(objects.every((object) => object.live)).toBe(true)
    readers[2].release()
    expect(fill(store, 55 * KIB).windowed).toBe(false)
    expect(objects.map((object) => object.live)).toEqual([true, true, false, true])
  })

  test('what cannot be had by evicting evicts nothing', () => {
    const store = makeStore(TINY)
    const small = stored(store, pattern(10 * KIB, 1))
    const fillers = [fill(store, 110 * KIB), fill(store, 100 * KIB)]
    expect(fillers.map((body) => body.windowed)).toEqual([false, false])
    expect(fill(store, 60 * KIB).windowed).toBe(true)
    expect(small.live).toBe(true)
  })
}
