import { expect, test } from 'vitest'
import { Doorbells } from '../../../../src/shm/doorbell.ts'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { beforeStep } from '../../../kit/atomic-steps.ts'
import { isKnown, storeKnown } from '../../../kit/known-bodies.ts'

/** A worker that has died is cleaned up behind while another stores something. */

const MIB = 2 ** 20
/** They have segments of their own, more of them or fewer: what led a segment the last time leads another the next time. */
const SIZES = [300_000, 370_000, 440_000, 510_000, 580_000]
const DEAD = 1

test('whatever step a worker is at with a large object, the burial of another takes none of its segments', async () => {
  const arena = Arena.inMemory(new SharedArrayBuffer(4 * MIB))
  const living = arenaStore(arena.handle)
  const bury = (): void => arena.workerDied(DEAD, new Doorbells())
  let met = 0
  let came = true
  for (let step = 0; came; step++) {
    const id = `large ${step}`
    living.newRun()
    came = beforeStep(step, () => storeKnown(living, id, 1000 + step, SIZES[step % SIZES.length], true), bury)
    // Had it lost a segment, that would be written over here.
    for (let i = 0; i < 8; i++) storeAnew(living, `other ${i}`, 5000 + i, i % 2 === 0 ? 200_000 : 20_000)
    living.newRun()
    const large = living.find(id)
    if (large === undefined) continue
    met++
    expect(await isKnown(large, id), `step ${step}`).toBe(true)
    living.remove(large)
  }
  expect(met).toBeGreaterThan(20)
})

function storeAnew(store: ArenaStore, id: string, xid: number, size: number): void {
  store.newRun()
  const before = store.find(id)
  if (before !== undefined) store.remove(before)
  storeKnown(store, id, xid, size, false)
}
