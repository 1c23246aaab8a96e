import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { storeKnown } from '../../../kit/known-bodies.ts'

const STORE_BYTES = 2 ** 24
const LARGE_BYTES = 2 ** 22
const SMALL_BYTES = 10_000

test('what was purged while somebody reads it slowly is no room: others make way, and nothing goes around the store', () => {
  const store = arenaStore(Arena.inMemory(new SharedArrayBuffer(STORE_BYTES)).handle)
  store.newRun()
  expect(storeKnown(store, 'large', 1, LARGE_BYTES, true)).toBe(true)
  const large = store.find('large')!
  const reader = large.body.read(0)
  store.remove(large)
  store.newRun()
  for (let i = 0; i * SMALL_BYTES < 2 * STORE_BYTES; i++) {
    store.newRun()
    expect(storeKnown(store, `small ${i}`, 1, SMALL_BYTES, true)).toBe(true)
  }
  expect(store.stats().failures).toBe(0)
  expect(store.arenaStats().retired_segments).toBeGreaterThan(LARGE_BYTES / 2 ** 17)
  reader.release()
})
