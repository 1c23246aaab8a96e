import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { knownHead } from '../../../kit/known-bodies.ts'

/** What a purge answers, when another worker comes between. */

const OBJECTS = 5

function keep(store: ArenaStore, i: number, ...tags: string[]): void {
  store.newRun()
  store.open(`id ${i}`, { ...knownHead(`id ${i}`, 5, 0), tags: [`K${i}`, ...tags] }, 0)!.body.complete()
}

function twoWorkers(): [ArenaStore, ArenaStore] {
  const arena = Arena.inMemory(new SharedArrayBuffer(2 ** 20))
  const [ours, theirs] = [0, 1].map((worker) => arenaStore(arena.handle, { worker, later: () => {} }))
  for (let i = 0; i < OBJECTS; i++) keep(ours, i, 'red', 'blue')
  return [ours, theirs]
}

/** Does `deed` when a purge of what is red has seen that an object is there and has not taken it out: of each object in turn. */
function beforeEachTaking(deed: (store: ArenaStore) => number, check: (met: number, done: number, store: ArenaStore) => void): void {
  for (let turn = 0; turn < OBJECTS; turn++) {
    const [ours, theirs] = twoWorkers()
    const takeOut = ours.takeOut.bind(ours)
    let [takings, done] = [0, 0]
    ours.takeOut = (entry, generation) => {
      if (takings++ === turn) done = deed(theirs)
      return takeOut(entry, generation)
    }
    const met = ours.meetPurge(['red'], false)
    expect(takings).toBeGreaterThan(turn)
    check(met, done, ours)
  }
}

test('two workers purge the same objects by different tags: each object counts once', () => {
  beforeEachTaking(
    (theirs) => theirs.meetPurge(['blue'], false),
    (met, done, store) => {
      expect(met + done).toBe(OBJECTS)
      expect([store.stats().objects, store.arenaStats().purged]).toEqual([0, OBJECTS])
    },
  )
})

test('what another worker replaces or takes out first does not count', () => {
  const churn = (theirs: ArenaStore): number => {
    const object = theirs.find('id 1')
    keep(theirs, 3, 'green')
    return object !== undefined && theirs.remove(object) ? 1 : 0
  }
  beforeEachTaking(churn, (met, _, store) => {
    expect(met).toBe(store.arenaStats().purged)
    expect(store.stats().objects).toBe(1)
  })
})

test('what has two of the tags of a soft purge counts once', () => {
  const [store] = twoWorkers()
  keep(store, OBJECTS, 'blue')
  expect(store.meetPurge(['red', 'blue'], true)).toBe(OBJECTS + 1)
  expect(store.meetPurge(['blue'], true)).toBe(OBJECTS + 1)
})

test('what there was no time to look at counts as no more than there is', () => {
  const arena = Arena.inMemory(new SharedArrayBuffer(2 ** 24))
  const store = arenaStore(arena.handle, { later: () => {} })
  const CHURN = 12
  const KEPT = 600
  for (let i = 0; i < CHURN * KEPT; i++) keep(store, i % KEPT, 'red')
  expect(store.meetPurge(['red'], true)).toBeLessThanOrEqual(KEPT)
  expect(store.meetPurge(['red'], false)).toBeLessThanOrEqual(KEPT)
})
