import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { beforeStep } from '../../../kit/atomic-steps.ts'
import { bytesOf, isKnown, knownHead, storeKnown } from '../../../kit/known-bodies.ts'

/** What another worker does to an object at the moment in which its writer completes it, or in which it is to be evicted. */

const MIB = 2 ** 20
/** In extents among others', and in segments of its own. */
const SIZES = [50_000, 300_000]

interface Scene {
  readonly ours: ArenaStore
  readonly theirs: ArenaStore
  readonly complete: () => void
}

function filling(size: number): Scene {
  const { handle } = Arena.inMemory(new SharedArrayBuffer(4 * MIB))
  const [ours, theirs] = [arenaStore(handle, { worker: 0 }), arenaStore(handle, { worker: 1 })]
  ours.newRun()
  theirs.newRun()
  const { body } = ours.open('id', knownHead('id', 7, size), size)!
  body.append(bytesOf(7, 0, size))
  return { ours, theirs, complete: () => body.complete() }
}

/** While somebody changes something in its bucket others wait, and come behind him. */
function isTaken({ index }: ArenaStore, { entry }: { entry: number }): boolean {
  return index.isBusy(entry)
}

/** Another head, with which it is found by everybody. */
function renew(store: ArenaStore, size: number): void {
  const object = store.find('id')!
  if (!isTaken(store, object)) store.rehead(object, knownHead('id', 7, size, 5e11))
}

/** Everything that is free, or taken for free, is written over; the object is asked for meanwhile. Is what is found of it its own? */
async function standsAfterOthers(store: ArenaStore): Promise<boolean> {
  for (let i = 0; i < 75; i++) {
    store.newRun()
    const object = store.find('id')
    if (object !== undefined) store.touch(object)
    storeKnown(store, `other ${i}`, 100 + i, 60_000, true)
  }
  store.newRun()
  const object = store.find('id')
  return object === undefined || (await isKnown(object, 'id'))
}

/** Has `store` give up all segments, and does `deed` before its n-th look at where that object lies. False when it looks less often. */
function beforeLook(n: number, store: ArenaStore, wanted: number, deed: () => void): boolean {
  const { index } = store
  const placeOf = index.placeOf.bind(index)
  let looks = 0
  index.placeOf = (entry) => {
    if (entry === wanted && looks++ === n) deed()
    return placeOf(entry)
  }
  store['evictor']['evict'](60)
  index.placeOf = placeOf
  return looks > n
}

for (const size of SIZES) {
  test(`an object of ${size} bytes that another worker gives another head while its writer completes it keeps its body`, async () => {
    let came = true
    for (let step = 0; came; step++) {
      const { ours, theirs, complete } = filling(size)
      came = beforeStep(step, complete, () => renew(theirs, size))
      expect(ours.stats().used_bytes, `step ${step}`).toBeGreaterThan(size)
      expect(await standsAfterOthers(ours), `step ${step}`).toBe(true)
    }
  })

  test(`an object of ${size} bytes that another worker takes out while its writer completes it is counted no longer`, () => {
    for (let step = 0; ; step++) {
      const { ours, theirs, complete } = filling(size)
      const object = theirs.find('id')!
      const remove = (): unknown => theirs.remove(object)
      const came = beforeStep(step, complete, () => isTaken(theirs, object) || remove())
      remove()
      if (!came) return expect(step).toBeGreaterThan(5)
      expect(ours.stats(), `step ${step}`).toMatchObject({ objects: 0, used_bytes: 0 })
    }
  })

  test(`an object of ${size} bytes that gets another head while its segment is given up keeps its body, or leaves`, async () => {
    let came = true
    for (let step = 0; came; step++) {
      const { ours, theirs, complete } = filling(size)
      complete()
      // From then on head and body lie apart: only the body leads eviction to it.
      for (let i = 0; i < 5; i++) storeKnown(ours, `other ${i}`, 100 + i, 60_000, true)
      renew(ours, size)
      for (let i = 5; i < 30; i++) storeKnown(ours, `other ${i}`, 100 + i, 60_000, true)
      for (let hits = 0; hits < 3; hits++) ours.touch(ours.find('id')!)
      came = beforeLook(step, theirs, ours.find('id')!.entry, () => ours.find('id') && renew(ours, size))
      expect(await standsAfterOthers(ours), `step ${step}`).toBe(true)
    }
  })
}
