import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Doorbells } from '../../../../src/shm/doorbell.ts'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { close, newPath, openArena } from '../../../kit/arena-file.ts'
import type { RacerData, Tally } from './racer.thread.ts'

const KIB = 1024
const MIB = 1024 * KIB

interface Race {
  readonly bytes: number
  readonly ids: number
  readonly sizes: readonly number[]
  readonly deeds: number
  readonly workers: number
  readonly deaths: number
  readonly reliable?: boolean
}

/** Runs the workers to their end, those that die followed by another in the same place; what was wrong comes out as an error. */
async function race(seed: number, shape: Race, arena = Arena.inMemory(new SharedArrayBuffer(shape.bytes))): Promise<ArenaStore> {
  const { ids, sizes, deeds, workers, deaths, reliable = false } = shape
  const bells = new Doorbells()
  const tallies: Tally[] = []
  let mortals = deaths
  /** Those that have done their deeds. One that ended before the others would break off what it still sends them. */
  const done: Worker[] = []
  const run = (worker: number, life: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const mortal = mortals-- > 0
      const data: RacerData = {
        handle: arena.handle,
        bells: bells.memory,
        worker,
        seed: seed * 100 + life * 10 + worker,
        deeds,
        ids,
        sizes,
        mortal,
        reliable,
      }
      const thread = new Worker(new URL('racer.thread.ts', import.meta.url), { workerData: data })
      thread.on('error', reject)
      thread.on('message', (tally: Tally) => {
        tallies.push(tally)
        done.push(thread)
        // oxlint-disable-next-line unicorn/require-post-message-target-origin
        if (done.length === workers) for (const one of done) one.postMessage('end')
      })
      thread.on('exit', (code) => {
        arena.workerDied(worker, bells)
        if (code === 7) run(worker, life + 1).then(resolve, reject)
        else if (code === 0) resolve()
        else reject(new Error(`worker ${worker} ended with ${code}`))
      })
    })
  await Promise.all(Array.from({ length: workers }, (_, worker) => run(worker, 0)))
  // Who meets nothing meets nothing wrong.
  const met = (what: keyof Tally): number => tallies.reduce((sum, tally) => sum + tally[what], 0)
  expect(tallies.length).toBe(workers)
  const needed = ['stored', 'found', ...(reliable ? (['outgrown'] as const) : [])] as const
  expect(needed.filter((what) => met(what) === 0)).toEqual([])
  return arenaStore(arena.handle, { transient_bytes: MIB })
}

/** When all workers have ended nothing is held, and what is counted is what is there. */
function expectInOrder(store: ArenaStore, ids: number): void {
  store.newRun()
  const found = Array.from({ length: ids }, (_, i) => store.find(`id ${i}`)).filter((object) => object !== undefined)
  expect(found.filter(({ body }) => body.state === 'filling')).toEqual([])
  expect(store.stats().objects).toBe(found.length)
  expect(store.stats().used_bytes).toBe(found.reduce((sum, { size_bytes }) => sum + size_bytes, 0))
}

const SMALL = { bytes: 4 * MIB, ids: 400, sizes: [0, 100, 3000, 20 * KIB, 70 * KIB], deeds: 4000, workers: 3, deaths: 0 }
const LARGE = { bytes: 48 * MIB, ids: 40, sizes: [1000, 300 * KIB, 4 * MIB], deeds: 500, workers: 2, deaths: 0 }

/** Bodies that outgrow their room half-way. */
const TIGHT = { bytes: MIB, ids: 12, sizes: [1000, 60 * KIB, 300 * KIB, 900 * KIB], deeds: 1500, workers: 2, deaths: 0, reliable: true }

for (const seed of [1, 2]) {
  test(`bodies outgrow their room, and nobody who follows them misses a byte, seed ${seed}`, async () => {
    expectInOrder(await race(seed, TIGHT), TIGHT.ids)
  }, 60_000)

  test(`small objects in a store that is far too small, three workers, seed ${seed}`, async () => {
    expectInOrder(await race(seed, SMALL), SMALL.ids)
  }, 60_000)

  test(`writers race deliveries of 4 MiB, seed ${seed}`, async () => {
    expectInOrder(await race(seed, LARGE), LARGE.ids)
  }, 60_000)

  test(`workers die at any moment, and others go on, seed ${seed}`, async () => {
    expectInOrder(await race(seed, { ...SMALL, deeds: 1500, deaths: 4 }), SMALL.ids)
    expectInOrder(await race(seed + 50, { ...LARGE, deeds: 200, deaths: 3 }), LARGE.ids)
  }, 60_000)
}

test('over a file, and again over what was left there', async () => {
  const path = newPath()
  for (const [seed, shape] of [
    [1, SMALL],
    [2, { ...SMALL, deaths: 3 }],
    [3, SMALL],
  ] as const) {
    const arena = openArena(path, SMALL.bytes)
    expectInOrder(await race(seed, shape, arena), SMALL.ids)
    await close(arena)
  }
}, 60_000)

test('writers race deliveries of 4 MiB over a file, and over what was left there', async () => {
  const path = newPath()
  for (const seed of [1, 2]) {
    const arena = openArena(path, LARGE.bytes)
    expectInOrder(await race(seed, LARGE, arena), LARGE.ids)
    await close(arena)
  }
}, 60_000)
