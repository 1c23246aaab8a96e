import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import { BUCKET_ENTRIES } from '../../../../src/store/arena/geometry.ts'
import { hashed, hashId } from '../../../../src/store/arena/hash.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { storeKnown } from '../../../kit/known-bodies.ts'

/** Ids that share a bucket of the index. */
function neighbours(store: ArenaStore, count: number): string[] {
  const { buckets } = store['memory'].geometry
  const found: string[] = []
  for (let i = 0; found.length < count; i++) {
    hashId(`id ${i}`, store.seed)
    if (Math.floor(((hashed.lo >>> 0) / 2 ** 32) * buckets) === 0) found.push(`id ${i}`)
  }
  return found
}

test('what leaves because its bucket of the index is full is counted, and told of; what is replaced is not', () => {
  const store = arenaStore(Arena.inMemory(new SharedArrayBuffer(2 ** 22)).handle)
  const evicted: number[] = []
  store.watch({ wanted: true, evicted: (xid) => evicted.push(xid), expired: () => {} })
  const ids = neighbours(store, BUCKET_ENTRIES + 3)
  const room = ids.slice(0, BUCKET_ENTRIES)
  for (const [i, id] of room.entries()) expect(storeKnown(store, id, 1 + i, 100, true)).toBe(true)
  for (const [i, id] of room.entries()) expect(storeKnown(store, id, 101 + i, 100, true)).toBe(true)
  expect([store.stats().nuked, store.arenaStats().crowded, store.stats().objects]).toEqual([0, 0, BUCKET_ENTRIES])
  for (const id of ids.slice(BUCKET_ENTRIES)) expect(storeKnown(store, id, 201, 100, true)).toBe(true)
  expect([store.stats().nuked, store.arenaStats().crowded, store.stats().objects]).toEqual([3, 3, BUCKET_ENTRIES])
  expect(evicted.length).toBe(3)
  expect(ids.filter((id) => store.find(id) !== undefined).length).toBe(BUCKET_ENTRIES)
})
