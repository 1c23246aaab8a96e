import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Doorbells } from '../../../../src/shm/doorbell.ts'
import { Serials } from '../../../../src/shm/serial.ts'
import { Arena } from '../../../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../../../src/store/arena/store.ts'
import { arenaStore } from '../../../kit/arena.ts'
import type { TagRacerData } from './tag-racer.thread.ts'

/** Twice as many as there are tags. */
const SERIALS = 24

/** Workers that store, purge and look up; those that die are followed by others. */
async function race(seed: number, bytes: number, deaths: number): Promise<ArenaStore> {
  const arena = Arena.inMemory(new SharedArrayBuffer(bytes))
  const serials = new Serials()
  const over = new SharedArrayBuffer((SERIALS + 1) * 4)
  let mortals = deaths
  const run = (worker: number, life: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const its = { worker, seed: seed * 100 + life * 10 + worker, deeds: 6000, mortal: mortals-- > 0 }
      const data: TagRacerData = { handle: arena.handle, serials: serials.memory, over, ...its }
      const thread = new Worker(new URL('tag-racer.thread.ts', import.meta.url), { workerData: data })
      thread.on('error', reject)
      thread.on('exit', (code) => {
        arena.workerDied(worker, new Doorbells())
        serials.releaseAllOf(worker)
        if (code === 7) run(worker, life + 1).then(resolve, reject)
        else if (code === 0) resolve()
        else reject(new Error(`worker ${worker} ended with ${code}`))
      })
    })
  await Promise.all([0, 1, 2].map((worker) => run(worker, 0)))
  expect(serials.newest).toBeGreaterThan(500)
  // Who finds nothing finds nothing wrong.
  expect(new Int32Array(over)[SERIALS]).toBeGreaterThan(0)
  return arenaStore(arena.handle)
}

for (const [what, bytes, deaths] of [
  ['all have room', 2 ** 26, 0],
  ['the store is far too small', 2 ** 20, 0],
  ['workers die', 2 ** 22, 4],
] as const) {
  test(`nobody finds what was purged, or fresh what was softly purged, before: ${what}`, async () => {
    const store = await race(3, bytes, deaths)
    store.newRun()
    const found = Array.from({ length: 300 }, (_, i) => store.find(`id ${i}`)).filter((object) => object !== undefined)
    expect(store.stats().objects).toBe(found.length)
    expect(store.stats().used_bytes).toBe(found.reduce((sum, { size_bytes }) => sum + size_bytes, 0))
    expect(store.arenaStats().purged).toBeGreaterThan(100)
  }, 60_000)
}
