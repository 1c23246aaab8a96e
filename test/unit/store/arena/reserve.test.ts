import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { storeKnown } from '../../../kit/known-bodies.ts'

/** 16 MiB are 245 segments of 64 KiB. */
const STORE_BYTES = 2 ** 24
const SIZE_BYTES = 50_000

/** The runs of `others` are short. */
function storeMany(store: ArenaStore, name: string, objects: number, ...others: ArenaStore[]): void {
  for (let i = 0; i < objects; i++) {
    for (const one of [store, ...others]) one.newRun()
    storeKnown(store, `${name} ${i}`, 1 + i, SIZE_BYTES, true)
  }
}

test('a store whose segments come back at once keeps few free, and nothing goes around it', () => {
  const store = arenaStore(Arena.inMemory(new SharedArrayBuffer(STORE_BYTES)).handle)
  storeMany(store, 'first', 400)
  expect(store.arenaStats().free_segments).toBeGreaterThan(8)
  storeMany(store, 'more', 2000)
  expect(store.arenaStats().free_segments).toBeLessThanOrEqual(4)
  expect(store.stats().failures).toBe(0)
})

test('where a run of another worker holds them back once, more are kept free afterwards', () => {
  const { handle } = Arena.inMemory(new SharedArrayBuffer(STORE_BYTES))
  const [ours, theirs] = [arenaStore(handle, { worker: 0 }), arenaStore(handle, { worker: 1 })]
  storeMany(ours, 'first', 2400, theirs)
  expect(ours.stats().failures).toBe(0)
  expect(ours.arenaStats().free_segments).toBeLessThanOrEqual(4)
  storeMany(ours, 'while theirs is long', 40)
  expect(ours.stats().failures).toBeGreaterThan(0)
  storeMany(ours, 'after', 10, theirs)
  expect(ours.arenaStats().free_segments).toBeGreaterThan(8)
})
