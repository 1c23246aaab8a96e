import { parentPort, workerData } from 'node:worker_threads'
import { ClaimWatch } from '../../../src/shm/claim-watch.ts'
import { ALONE, CLAIM_FULL, CLAIM_THEIRS, Claims, LOOK_AGAIN } from '../../../src/shm/claims.ts'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { randomFrom } from './threads.ts'

/**
 * A worker of claims-threads.test.ts: takes rights at random, holds them for a while, gives them back; waits for those that others have.
 * At times it dies with what it has.
 */
export interface ClaimerData {
  readonly claims: SharedArrayBuffer
  readonly bells: SharedArrayBuffer
  /** For each key who has the right: worker + 1. The test's own book. */
  readonly book: SharedArrayBuffer
  readonly worker: number
  readonly seed: number
  readonly deeds: number
  /** Ends itself before so many deeds. */
  readonly mortal: boolean
}

const data = workerData as ClaimerData
const { worker, deeds } = data
const random = randomFrom(data.seed)
const book = new Int32Array(data.book)
const bells = new Doorbells(data.bells)
const claims = new Claims(data.claims, worker, bells)
const watch = new ClaimWatch(claims, worker)
bells.listen(worker, () => watch.rung())

/** So many things under way at once, as a worker has many fetches. */
const LANES = 4

let done = 0
let resting = 0
const death = data.mortal ? random(deeds) : -1

function say(word: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(word)
}

/** What the event loop of a worker is kept open by. */
parentPort?.on('message', () => {})

function finished(): void {
  if (++done === death) process.exit(7)
  if (done < deeds) setImmediate(deed)
  else if (++resting === LANES) say('done')
}

function hold(slot: number, key: number): void {
  const other = Atomics.compareExchange(book, key, 0, worker + 1)
  if (other !== 0) throw new Error(`worker ${worker} was given the right to ${key} that worker ${other - 1} has`)
  let turns = random(4)
  const turn = (): void => {
    if (turns-- > 0) return void setImmediate(turn)
    Atomics.store(book, key, 0)
    claims.release(slot, random(3) === 0 ? ALONE : LOOK_AGAIN)
    finished()
  }
  turn()
}

function attempt(key: number): void {
  const slot = claims.take(key, key % 3)
  if (slot >= 0) return hold(slot, key)
  if (slot === CLAIM_FULL) return finished()
  if (slot !== CLAIM_THEIRS) throw new Error(`take said ${slot}`)
  wait(key)
}

function wait(key: number): void {
  let told = 0
  const place = watch.watch({
    claimEnded: (outcome) => {
      if (++told > 1) throw new Error('told twice, or after it was forgotten')
      if (outcome === ALONE) finished()
      else attempt(key)
    },
  })
  // One in ten loses its patience.
  if (random(10) !== 0) return
  setImmediate(() => {
    if (told > 0) return
    watch.forget(place)
    told++
    finished()
  })
}

function deed(): void {
  attempt(random(book.length))
}

for (let i = 0; i < LANES; i++) deed()
