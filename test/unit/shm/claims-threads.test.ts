import { afterEach, expect, test } from 'vitest'
import { Claims } from '../../../src/shm/claims.ts'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { NO_WORKER } from '../../../src/shm/lock.ts'
import type { ClaimerData } from './claimer.thread.ts'
import { randomFrom, Thread } from './threads.ts'

const WORKERS = 4
const KEYS = 12
const DEEDS = 1500
const DEATHS = 24

/** Rights of several real workers, some of which die; this thread is their manager. */
class Crowd {
  readonly bells = new Doorbells()
  readonly memory = Claims.memory(64)
  readonly book = new SharedArrayBuffer(KEYS * 4)
  readonly manager = new Claims(this.memory, NO_WORKER, this.bells)
  readonly living = new Set<Thread>()
  readonly random: (below: number) => number
  deaths = 0

  constructor(seed: number) {
    this.random = randomFrom(seed)
  }

  /** Lives in that place until one has done all its deeds. */
  async place(worker: number): Promise<void> {
    for (;;) {
      const mortal = this.deaths < DEATHS
      const data = { worker, seed: this.random(2 ** 30), deeds: DEEDS, mortal } as const
      const thread = new Thread('./claimer.thread.ts', {
        ...data,
        claims: this.memory,
        bells: this.bells.memory,
        book: this.book,
      } satisfies ClaimerData)
      this.living.add(thread)
      // Half of the deaths come from outside, and in the middle of anything.
      if (mortal && this.random(2) === 0) void this.killInTheMiddle(thread)
      const finished = await Promise.race([thread.heard('done').then(() => true), thread.exited.then(() => false)])
      if (finished) return
      this.bury(worker, thread)
    }
  }

  private async killInTheMiddle(thread: Thread): Promise<void> {
    for (let turns = this.random(2000); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    if (!thread.said.includes('done')) await thread.end()
  }

  private bury(worker: number, thread: Thread): void {
    this.deaths++
    this.living.delete(thread)
    const book = new Int32Array(this.book)
    for (let key = 0; key < KEYS; key++) Atomics.compareExchange(book, key, worker + 1, 0)
    this.manager.releaseAllOf(worker)
  }
}

let crowd: Crowd | undefined
afterEach(async () => {
  await Promise.all([...(crowd?.living ?? [])].map((thread) => thread.end()))
})

test.each([1, 2, 3])('seed %i: never two with one right, and nobody waits for ever, whoever dies when', async (seed) => {
  crowd = new Crowd(seed)
  const all = crowd
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => all.place(worker)))
  expect(all.deaths).toBeGreaterThan(5)
  // What was done is given back: every right is to be had.
  const last = new Claims(all.memory, 0, all.bells)
  for (let key = 0; key < KEYS; key++) expect(last.take(key, key % 3)).toBeGreaterThanOrEqual(0)
})
