import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { close, kill, newPath, openArena, storeIn } from '../../../kit/arena-file.ts'
import { seekKnown, storeKnown } from '../../../kit/known-bodies.ts'
import { randomFrom } from '../../shm/threads.ts'
import { HEADER } from '../../../../src/store/arena/header.ts'
import { SEGMENT_WORDS } from '../../../../src/store/arena/geometry.ts'
import { TALLY } from '../../../../src/store/arena/memory.ts'
import { ROW } from '../../../../src/store/arena/segments.ts'
import type { Store } from '../../../../src/store/contract.ts'
import { bytesOf, knownHead } from '../../../kit/known-bodies.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [0, 100, 3000, 20 * KIB, 70 * KIB, 300 * KIB, 5 * MIB]

/** Stores so many objects of all sizes, under id 0 and on. */
function storeAll(store: Store, count: number): void {
  const random = randomFrom(7)
  for (let i = 0; i < count; i++) {
    store.newRun()
    expect(storeKnown(store, `id ${i}`, 1 + random(2 ** 30), SIZES[i % SIZES.length], i % 3 !== 0)).toBe(true)
  }
}

/** Each third of them is red. */
function storeTagged(store: Store, count: number): void {
  for (let i = 0; i < count; i++) {
    const object = store.open(`tagged ${i}`, { ...knownHead(`tagged ${i}`, 5, 10), tags: ['', i % 3 === 0 ? 'red' : 'blue'] }, 10)!
    object.body.append(bytesOf(5, 0, 10))
    object.body.complete()
  }
}

async function count(store: Store, ids: number): Promise<Record<string, number>> {
  const tally = { hit: 0, miss: 0, broken: 0 }
  for (let i = 0; i < ids; i++) tally[await seekKnown(store, `id ${i}`)]++
  return tally
}

test('after a clean stop everything is there, by every byte, and is counted', async () => {
  const path = newPath()
  const first = openArena(path, 64 * MIB)
  expect(first.recovered).toMatchObject({ created: true, objects: 0 })
  const before = storeIn(first)
  storeAll(before, 49)
  const { objects, used_bytes } = before.stats()
  await close(first)
  const second = openArena(path, 64 * MIB)
  expect(second.recovered).toEqual({ created: false, clean: true, objects: 49, bytes: used_bytes, remarks: [] })
  const store = storeIn(second)
  expect(await count(store, 49)).toEqual({ hit: 49, miss: 0, broken: 0 })
  expect(store.stats()).toMatchObject({ objects, used_bytes })
})

test('a file of an earlier layout is kept aside as it is, with a clear word, and the store begins empty', async () => {
  const path = newPath()
  const first = openArena(path, 64 * MIB)
  storeAll(storeIn(first), 7)
  await close(first)
  const old = readFileSync(path)
  old.writeInt32LE(4, 4 * HEADER.version)
  writeFileSync(path, old)
  const second = openArena(path, 64 * MIB)
  expect(second.recovered).toMatchObject({ created: true, objects: 0 })
  const [remark, ...others] = second.recovered!.remarks
  const aside = /it was renamed to (\S+),/.exec(remark)?.[1] ?? ''
  expect(remark).toContain(`${path} could not be used: another version of Lacquer has written it (layout 4, this one has 6)`)
  expect(others).toEqual([])
  expect(readFileSync(aside).equals(old)).toBe(true)
  expect(await count(storeIn(second), 7)).toEqual({ hit: 0, miss: 7, broken: 0 })
})

test('after a kill the same, but for what was being filled', async () => {
  const path = newPath()
  const first = openArena(path, 64 * MIB)
  const before = storeIn(first)
  storeAll(before, 49)
  for (const [id, size, announced] of [
    ['half', 40 * KIB, true],
    ['half and long', 9 * MIB, true],
    ['half and unknown', MIB, false],
  ] as const) {
    const object = before.open(id, knownHead(id, 5, size), announced ? size : -1)
    object?.body.append(bytesOf(5, 0, 30 * KIB))
    expect(object?.live).toBe(true)
  }
  kill(first)
  const second = openArena(path, 64 * MIB)
  expect(second.recovered).toMatchObject({ created: false, clean: false, objects: 49 })
  const store = storeIn(second)
  for (const id of ['half', 'half and long', 'half and unknown']) expect(await seekKnown(store, id)).toBe('miss')
  expect(await count(store, 49)).toEqual({ hit: 49, miss: 0, broken: 0 })
  expect(store.stats().objects).toBe(49)
})

test('after a kill as many objects are counted as are there: what was purged or replaced the moment before is not', async () => {
  const path = newPath()
  const first = openArena(path, 64 * MIB)
  const before = storeIn(first)
  storeAll(before, 49)
  // Housekeeping comes by twice a second.
  before.expire(0, 1)
  for (let i = 0; i < 20; i++) before.discard(`id ${i}`)
  for (let i = 20; i < 30; i++) {
    const object = before.find(`id ${i}`)!
    before.rehead(object, { ...object.head, grace_ms: 5 })
  }
  for (let i = 30; i < 40; i++) expect(storeKnown(before, `id ${i}`, 5, 100, true)).toBe(true)
  storeTagged(before, 33)
  before.notePurge(1, ['red'])
  expect(before.meetPurge(['red'], false)).toBe(11)
  kill(first)
  const second = openArena(path, 64 * MIB)
  expect(second.recovered).toMatchObject({ clean: false, objects: 49 - 20 + 22 })
  const store = storeIn(second)
  expect(await count(store, 49)).toEqual({ hit: 29, miss: 20, broken: 0 })
})

test('what a file counts wrongly is right again when all of it has been written anew', async () => {
  const path = newPath()
  const first = openArena(path, 4 * MIB)
  const before = storeIn(first)
  storeAll(before, 5)
  const { objects } = before.stats()
  for (let segment = 0; segment < 8; segment++) before['memory'].table[segment * SEGMENT_WORDS + ROW.objects] += segment % 2 === 0 ? 7 : -1
  kill(first)
  const store = storeIn(openArena(path, 4 * MIB))
  expect(store.stats().objects).not.toBe(objects)
  for (let i = 0; i < 3000; i++) {
    store.newRun()
    storeKnown(store, `new ${i}`, 1, 3000, true)
  }
  const ids = [...Array.from({ length: 5 }, (_, i) => `id ${i}`), ...Array.from({ length: 3000 }, (_, i) => `new ${i}`)]
  expect(store.stats().objects).toBe(ids.filter((id) => store.find(id) !== undefined).length)
})

test('what several processes have left lives on through eviction, freshening and removal', async () => {
  const path = newPath()
  const random = randomFrom(3)
  for (let life = 0; life < 4; life++) {
    const arena = openArena(path, 8 * MIB)
    const store = storeIn(arena)
    const tally = { hit: 0, miss: 0, broken: 0 }
    for (let deed = 0; deed < 1500; deed++) {
      const id = `id ${random(150)}`
      const dice = random(10)
      store.newRun()
      if (dice < 3) storeKnown(store, id, 1 + random(2 ** 30), SIZES[random(6)], dice > 0)
      else if (dice < 9) tally[await seekKnown(store, id)]++
      else {
        const object = store.find(id)
        if (object !== undefined && random(2) === 0) store.remove(object)
        else if (object !== undefined) store.rehead(object, { ...object.head, grace_ms: random(1000) })
      }
    }
    expect(tally.broken).toBe(0)
    expect(tally.hit).toBeGreaterThan(100)
    store.newRun()
    const found = Array.from({ length: 150 }, (_, i) => store.find(`id ${i}`)).filter((object) => object !== undefined)
    expect(store.stats().objects).toBe(found.length)
    if (life % 2 === 0) await close(arena)
    else kill(arena)
  }
})

test('how far an object has been checked outlives its process; what is damaged of that makes it begin anew', async () => {
  const path = newPath()
  const first = openArena(path, 4 * MIB)
  const store = storeIn(first)
  for (const id of ['kept', 'damaged']) {
    const object = store.open(id, knownHead(id, 5, 10), 10, undefined, 7)!
    object.body.append(bytesOf(5, 0, 10))
    object.body.complete()
    object.raise(9)
  }
  first.keepSerial(9)
  await close(first)
  const second = openArena(path, 4 * MIB)
  expect(second.serial).toBe(9)
  const again = storeIn(second)
  expect(again.find('kept')?.checked).toBe(9)
  const words = again['memory'].words
  // The serial alone, and not its sum: as a page that came to the disk in part.
  const at = words.findLastIndex((word, i) => word === 9 && words[i - 3] === 7)
  words[at] = 2 ** 30
  kill(second)
  const third = storeIn(openArena(path, 4 * MIB))
  expect([third.find('kept')?.checked, third.find('damaged')?.checked]).toEqual([9, 7])
})

test('a copy that eviction has made has been checked as far as the object', () => {
  const arena = openArena(newPath(), 4 * MIB)
  const store = storeIn(arena)
  storeKnown(store, 'wanted', 5, 100, true)
  store.find('wanted')?.raise(12)
  for (let i = 0; store['memory'].tally[TALLY.moved] === 0 && i < 5000; i++) {
    store.newRun()
    store.touch(store.find('wanted')!)
    storeKnown(store, `id ${i}`, 1, 3000, true)
  }
  expect(store['memory'].tally[TALLY.moved]).toBeGreaterThan(0)
  expect(store.find('wanted')?.checked).toBe(12)
})
