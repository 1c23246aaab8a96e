import { expect, test } from 'vitest'
import { Arena, attachArena } from '../../../../src/store/arena/arena.ts'
import { TALLY } from '../../../../src/store/arena/memory.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { ArenaWalk, WALK, type Walked } from '../../../../src/store/arena/walk.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { close, kill, newPath, openArena, storeIn } from '../../../kit/arena-file.ts'
import { beforeStep } from '../../../kit/atomic-steps.ts'
import { knownHead, storeKnown } from '../../../kit/known-bodies.ts'

const MIB = 2 ** 20
const MANAGER_THREAD = 2

const noMore = (): boolean => false

/** A whole walk: the ids it has met. */
async function ids(walk: ArenaWalk, visit = (_object: Walked): boolean => false): Promise<string[]> {
  const met: string[] = []
  walk.begin()
  for (let pieces = 0; pieces < 1000; pieces++) {
    const outcome = walk.piece((object) => {
      met.push(/X-Id: (.*)\r\n/.exec(object.head.headText)?.[1] ?? '')
      return visit(object)
    })
    if (outcome === WALK.ended) return met.sort()
    if (outcome === WALK.waits) await new Promise(setImmediate)
  }
  throw new Error('no end')
}

function inMemory(): { store: ArenaStore; walk: ArenaWalk } {
  const { handle } = Arena.inMemory(new SharedArrayBuffer(4 * MIB))
  const store = arenaStore(handle)
  store.newRun()
  return { store, walk: new ArenaWalk(attachArena(handle, MANAGER_THREAD)) }
}

test('everything that is stored is met once, notes and what has left are not', async () => {
  const { store, walk } = inMemory()
  for (let i = 0; i < 50; i++) storeKnown(store, `id ${i}`, i + 1, i * 300, true)
  for (let i = 0; i < 50; i += 2) store.remove(store.find(`id ${i}`)!)
  store.open('note', { ...knownHead('note', 0, 0), status: 0 }, 0)?.body.complete()
  store.open('filling', knownHead('filling', 7, 10), 10)
  const left = Array.from({ length: 25 }, (_, i) => `id ${2 * i + 1}`)
  expect(await ids(walk)).toEqual(['filling', ...left].sort())
  expect(await ids(walk, () => true)).toEqual(['filling', ...left].sort())
})

test('what it takes out is gone and no longer counted; what it moves up is', async () => {
  const { store, walk } = inMemory()
  for (let i = 0; i < 20; i++) storeKnown(store, `id ${i}`, i + 1, 1000, true)
  await ids(walk, (object) => {
    if (object.head.xid % 2 === 0) object.remove()
    else expect(object.raise(7)).toBe(7)
    return false
  })
  expect(store.stats().objects).toBe(10)
  expect([store.find('id 1'), store.find('id 0')?.checked]).toEqual([undefined, 7])
  for (let i = 0; i < 20; i += 2) store.remove(store.find(`id ${i}`)!)
  expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0 })
})

test('an object that is moved or gets another head at whatever step of the walk is met', () => {
  for (let step = 0; step < 40; step++) {
    const { store, walk } = inMemory()
    storeKnown(store, 'id', 1, 100, true)
    const { entry } = store.find('id')!
    const met: number[] = []
    const visit = (object: Walked): boolean => met.push(object.head.xid) < 0
    const come = (): void => void store.rehead(store.find('id')!, knownHead('id', 1, 100, 5))
    let outcome: number = WALK.goesOn
    walk.begin()
    walk['next'] = entry
    beforeStep(
      step,
      () => {
        while ((outcome = walk.piece(visit)) !== WALK.ended) expect(outcome).not.toBe(WALK.waits)
      },
      come,
    )
    expect(met.length).toBeGreaterThan(0)
  }
})

test('an object in the middle of being moved is waited for', () => {
  const { store, walk } = inMemory()
  storeKnown(store, 'id', 1, 100, true)
  for (let step = 0; ; step++) {
    const met: number[] = []
    const visit = (object: Walked): boolean => met.push(object.head.xid) < 0
    const outcomes: number[] = []
    walk.begin()
    const came = beforeStep(
      step,
      () => store.rehead(store.find('id')!, knownHead('id', 1, 100, 5)),
      () => {
        for (let outcome = -1; outcome !== WALK.ended && outcome !== WALK.meetsOthers; outcomes.push(outcome)) outcome = walk.piece(visit)
      },
    )
    if (!came) return expect(step).toBeGreaterThan(10)
    if (outcomes.at(-1) === WALK.ended) expect(met).toEqual([1])
    else while (walk.piece(visit) !== WALK.ended);
    expect(met.length).toBeGreaterThan(0)
  }
})

test('between its pieces it holds back nobody', () => {
  const { store, walk } = inMemory()
  walk.begin()
  walk.piece(noMore)
  for (let i = 0; i < 20_000 && store['memory'].tally[TALLY.nuked] === 0; i++) {
    store.newRun()
    storeKnown(store, `id ${i}`, i + 1, 3000, true)
  }
  expect(store['memory'].tally[TALLY.nuked]).toBeGreaterThan(0)
  expect(store.stats().failures).toBe(0)
})

test('what earlier processes have left in a file is met, and of that what is true', async () => {
  const path = newPath()
  const first = openArena(path, 4 * MIB)
  const before = storeIn(first)
  for (let i = 0; i < 30; i++) storeKnown(before, `id ${i}`, i + 1, 2000, true)
  await close(first)
  const second = openArena(path, 4 * MIB)
  const { handle } = second
  const attached = attachArena(handle, MANAGER_THREAD)
  const at = attached.bytes.indexOf('X-Id: id 7\r\n')
  attached.bytes[at + 2] ^= 1
  const walk = new ArenaWalk(attached)
  const expected = Array.from({ length: 30 }, (_, i) => `id ${i}`).filter((id) => id !== 'id 7')
  expect(await ids(walk, (object) => object.raise(5) < 0)).toEqual(expected.sort())
  expect(storeIn(second).find('id 7')).toBeUndefined()
  kill(second)
  expect(storeIn(openArena(path, 4 * MIB)).find('id 8')?.checked).toBe(5)
})

test('what an earlier process has left is counted by a purge of its tag, whether the walk or a worker has met it first', async () => {
  const path = newPath()
  const first = openArena(path, 4 * MIB)
  const before = storeIn(first)
  for (let i = 0; i < 30; i++) before.open(`id ${i}`, { ...knownHead(`id ${i}`, i + 1, 0), tags: [`id ${i}`, 'red'] }, 0)?.body.complete()
  kill(first)
  const second = openArena(path, 4 * MIB)
  const store = storeIn(second)
  for (let i = 0; i < 10; i++) store.find(`id ${i}`)
  expect(await ids(new ArenaWalk(attachArena(second.handle, MANAGER_THREAD)))).toHaveLength(30)
  for (let i = 0; i < 20; i++) store.find(`id ${i}`)
  expect(store.meetPurge(['red'], true)).toBe(30)
  expect(store.meetPurge(['red'], false)).toBe(30)
  expect(store.stats().objects).toBe(0)
})
