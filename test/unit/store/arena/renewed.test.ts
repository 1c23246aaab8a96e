import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { bytesOf, isKnown, knownHead } from '../../../kit/known-bodies.ts'

const MIB = 2 ** 20
const END_MS = 1000

/** In its record, in extents among others', and in segments of its own. */
for (const size of [100, 50_000, 300_000])
  test(`an object of ${size} bytes stays when its time is over, where a new head has given it more`, async () => {
    const store = arenaStore(Arena.inMemory(new SharedArrayBuffer(8 * MIB)).handle)
    const keep = (id: string, bytes: number): void => {
      store.newRun()
      const { body } = store.open(id, knownHead(id, 7, bytes, END_MS), bytes)!
      body.append(bytesOf(7, 0, bytes))
      body.complete()
    }
    keep('id', size)
    // So that its head lies elsewhere than its body.
    for (let i = 0; i < 10; i++) keep(`other ${i}`, 60_000)
    store.rehead(store.find('id')!, knownHead('id', 7, size, 1e12))
    for (let i = 10; i < 40; i++) keep(`other ${i}`, 60_000)
    store.newRun()
    store.expire(2 * END_MS, 1000)
    store.newRun()
    expect(store.stats().expired).toBeGreaterThan(5)
    expect(await isKnown(store.find('id')!, 'id')).toBe(true)
  })
