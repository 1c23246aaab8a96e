import { assert } from '../base/assert.ts'
import { WORKERS_MAX } from '../config/workers.ts'
import { Doorbells } from './doorbell.ts'
import { NO_WORKER, OWNER_PATIENCE_MS, SharedLocks } from './lock.ts'

/** Another worker (or this one, earlier) has the right: watch it (claim-watch.ts). */
export const CLAIM_THEIRS = -1
/** There is no room to share this right: go on without. */
export const CLAIM_FULL = -2

/** How a claim ended: what those who waited for it shall do. */
export const LOOK_AGAIN = 0
/** What came was not for sharing: fetch without waiting for each other. */
export const ALONE = 1
/** It failed: fetch, one for each worker, and wait for no other worker. */
export const APART = 2
/** Look again: it is there as before. */
export const CONFIRMED = 3
export type ClaimOutcome = typeof LOOK_AGAIN | typeof ALONE | typeof APART | typeof CONFIRMED

const SLOTS = 65_536
/** A hash leads to one bucket; where that is full there is no shared right. */
const BUCKET_SLOTS = 16

// A slot's words; eight, so that it lies on one cache line.
const SLOT_WORDS = 8
const TENANCY = 0
const HASH_HI = 1
const HASH_LO = 2
/** Watchers: a bit for each worker, in two words. */
const WATCHERS = 3

// In the tenancy: holder's number + 1 (0: nobody), outcome of the tenancy before this one, tenancies ended so far.
const HOLDER = 0x7f
const OUTCOME_SHIFT = 7
const OUTCOME_BITS = 3
const GENERATION_SHIFT = 9

/** Words of a worker's marks: a bit for each slot. */
function markWords(slots: number): number {
  return slots / 32
}

/** One slot's tenancy as somebody saw it. */
export interface Sighting {
  slot: number
  tenancy: number
}

/**
 * Rights to fetch, shared by all workers: a table in a SharedArrayBuffer, hash (64 bits in two words) to holder.
 * For any hash at most one worker has the right at any time; whoever has it gives it back with `release`.
 *
 * A worker may die between any two steps. Therefore:
 *
 * 1. A slot's tenancy is one word: who holds it, how often it was held, how the last tenancy ended. A tenancy begins
 *    with one store and ends with one store, by its holder or, when that has died, by the manager.
 * 2. The hash is written under the bucket's lock, while nobody holds the slot, before the store that begins the tenancy. One that
 *    was left half-written is of a slot that nobody holds: it means nothing.
 * 3. Slots begin under the bucket's lock, after all of the bucket was looked at: never two of one hash. They end without it.
 * 4. A worker's bit among the watchers of a slot, and the list behind it, are that worker's alone: it sets the bit, then looks whether
 *    the tenancy that it means to watch still is; who ends a tenancy looks at the bits after that. All of it is Atomics, one order for all
 *    threads: either the watcher sees the end or its bit is seen. Bits stay when a tenancy ends; a bit too many costs a look.
 * 5. Who ends a tenancy marks the slot in the bitmap of each watcher, then rings it. When one has died in between, the manager marks
 *    all slots that are watched, and rings everyone.
 */
export class Claims {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  readonly slots: number
  /** Where `take` last met another's right. Reused: copy what is to be kept. */
  readonly met: Readonly<Sighting>
  private readonly words: Int32Array
  private readonly marks: Int32Array
  private readonly locks: SharedLocks
  private readonly bells: Doorbells
  private readonly worker: number

  /** `worker`: whose rights these are; NO_WORKER for the manager. */
  constructor(memory: SharedArrayBuffer, worker: number, bells: Doorbells) {
    this.slots = slotsIn(memory)
    const words = this.slots * SLOT_WORDS
    const buckets = this.slots / BUCKET_SLOTS
    this.memory = memory
    this.words = new Int32Array(memory, 0, words)
    this.marks = new Int32Array(memory, words * 4, markWords(this.slots) * WORKERS_MAX)
    this.locks = new SharedLocks(new Int32Array(memory, words * 4 + this.marks.byteLength, buckets), worker)
    this.bells = bells
    this.worker = worker
    this.met = { slot: 0, tenancy: 0 }
  }

  /** `slots`: a power of two, 32 at least. Memory that is never used costs nothing. */
  static memory(slots = SLOTS): SharedArrayBuffer {
    return new SharedArrayBuffer(sizeOf(slots))
  }

  /**
   * Takes a right and gives it back, on a table of its own. A worker does so before it serves: what runs under a lock is compiled by then, which else
   * was done with the lock held, and took milliseconds when three workers came to it together.
   */
  static rehearse(): void {
    const claims = new Claims(Claims.memory(BUCKET_SLOTS * 2), 0, new Doorbells())
    const slot = claims.take(0, 0)
    claims.take(0, 0)
    claims.release(slot, LOOK_AGAIN)
  }

  /** The slot when the right is ours now, else CLAIM_THEIRS (see `met`) or CLAIM_FULL. */
  take(hi: number, lo: number): number {
    const bucket = lo & (this.slots / BUCKET_SLOTS - 1)
    if (!this.locks.lock(bucket, OWNER_PATIENCE_MS)) return CLAIM_FULL
    const slot = this.takeIn(bucket * BUCKET_SLOTS, hi, lo)
    this.locks.unlock(bucket)
    return slot
  }

  release(slot: number, outcome: ClaimOutcome): void {
    assert(this.worker !== NO_WORKER && this.holderOf(slot) === this.worker, 'a right is given back by its holder')
    this.end(slot, outcome)
  }

  /** For the manager, when the thread of that worker has ended, and before another takes its place. Returns how many rights it held. */
  releaseAllOf(worker: number): number {
    this.locks.releaseAllOf(worker)
    let released = 0
    for (let slot = 0; slot < this.slots; slot++) {
      this.setWatched(slot, worker, false)
      if (this.holderOf(slot) === worker) {
        this.end(slot, LOOK_AGAIN)
        released++
      } else this.tellWatchers(slot) // Perhaps the dead had ended this one and not told them.
    }
    this.marksOf(worker).fill(0)
    this.bells.ringAll()
    return released
  }

  /** For claim-watch.ts: whether that tenancy still is; else how it ended. */
  outcomeOf(seen: Readonly<Sighting>): ClaimOutcome | undefined {
    const now = Atomics.load(this.words, seen.slot * SLOT_WORDS + TENANCY)
    const ended = (now >>> GENERATION_SHIFT) - (seen.tenancy >>> GENERATION_SHIFT)
    if (ended === 0) return undefined
    // Of those before the last nothing is known any more, and looking again is always right.
    return ended === 1 ? (((now >>> OUTCOME_SHIFT) & OUTCOME_BITS) as ClaimOutcome) : LOOK_AGAIN
  }

  /** For claim-watch.ts: sets or clears a worker's bit. */
  setWatched(slot: number, worker: number, watched: boolean): void {
    const at = slot * SLOT_WORDS + WATCHERS + (worker >>> 5)
    const bit = 1 << (worker & 31)
    if (((Atomics.load(this.words, at) & bit) !== 0) === watched) return
    if (watched) Atomics.or(this.words, at, bit)
    else Atomics.and(this.words, at, ~bit)
  }

  /** For claim-watch.ts: the bitmap of slots at which that worker has to look. */
  marksOf(worker: number): Int32Array {
    const count = markWords(this.slots)
    return this.marks.subarray(worker * count, (worker + 1) * count)
  }

  /** The worker that holds a slot, or NO_WORKER. */
  holderOf(slot: number): number {
    return (Atomics.load(this.words, slot * SLOT_WORDS + TENANCY) & HOLDER) - 1
  }

  private takeIn(first: number, hi: number, lo: number): number {
    const { words } = this
    let free = CLAIM_FULL
    for (let slot = first; slot < first + BUCKET_SLOTS; slot++) {
      const at = slot * SLOT_WORDS
      const tenancy = Atomics.load(words, at + TENANCY)
      if ((tenancy & HOLDER) === 0) {
        if (free < 0) free = slot
      } else if (words[at + HASH_LO] === lo && words[at + HASH_HI] === hi) return this.meet(slot, tenancy)
    }
    if (free >= 0) this.begin(free * SLOT_WORDS, hi, lo)
    return free
  }

  private meet(slot: number, tenancy: number): number {
    const met: Sighting = this.met
    met.slot = slot
    met.tenancy = tenancy
    return CLAIM_THEIRS
  }

  private begin(at: number, hi: number, lo: number): void {
    const { words } = this
    words[at + HASH_HI] = hi
    words[at + HASH_LO] = lo
    // The outcome stays: those who watched the last tenancy may not have looked yet.
    Atomics.store(words, at + TENANCY, Atomics.load(words, at + TENANCY) | (this.worker + 1))
  }

  private end(slot: number, outcome: ClaimOutcome): void {
    const at = slot * SLOT_WORDS + TENANCY
    const tenancy = Atomics.load(this.words, at)
    const next = (((tenancy >>> GENERATION_SHIFT) + 1) << GENERATION_SHIFT) | (outcome << OUTCOME_SHIFT)
    Atomics.store(this.words, at, next)
    this.tellWatchers(slot)
  }

  private tellWatchers(slot: number): void {
    for (let half = 0; half < 2; half++) {
      let bits = Atomics.load(this.words, slot * SLOT_WORDS + WATCHERS + half)
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits)
        bits &= ~(1 << bit)
        this.tell(half * 32 + bit, slot)
      }
    }
  }

  /** Marks the slot for that worker, and rings it. */
  tell(worker: number, slot: number): void {
    Atomics.or(this.marks, worker * markWords(this.slots) + (slot >>> 5), 1 << (slot & 31))
    this.bells.ring(worker)
  }
}

function sizeOf(slots: number): number {
  return slots * SLOT_WORDS * 4 + markWords(slots) * WORKERS_MAX * 4 + (slots / BUCKET_SLOTS) * 4
}

function slotsIn(memory: SharedArrayBuffer): number {
  const slots = memory.byteLength / (sizeOf(32) / 32)
  assert(slots >= 32 && (slots & (slots - 1)) === 0 && sizeOf(slots) === memory.byteLength, 'a table of claims has a power of two of slots')
  return slots
}
