import { assert } from '../base/assert.ts'
import { WORKERS_MAX } from '../config/workers.ts'

/** In a word: the owner's slot + 1, and whether somebody sleeps for it. 0 is free. */
const OWNER = 0xff
const AWAITED = 0x100

/**
 * How long to wait for a lock that can be done without, ms. Its owner needs a microsecond, unless the system has suspended him: where more is to run
 * than there are cores, 20 ms are seen, and longest where a section runs for the first time and is compiled in it. Whoever does not wait for him does
 * without what was to be shared: a second fetch of one object, a token too many. When he has died, the manager gives the lock back sooner.
 */
export const OWNER_PATIENCE_MS = 100

/** Looks before going to sleep. A section is about a microsecond, these are a few. */
const SPINS = 200

/** Who only cleans up after others and takes no lock: the manager, of what workers share among themselves. */
export const NO_WORKER = -1
/** The manager, where it takes locks as workers do. Its end is the process's. */
export const MANAGER = WORKERS_MAX

/**
 * Locks that survive their owners: leases. A thread can be stopped anywhere (out of heap, terminated), so a word
 * says whose it is; when that worker has died the manager gives it back with `releaseAllOf`.
 *
 * What a lock guards must therefore be usable after every single step of its sections: whoever takes a lock never knows
 * whether the owner before him came to his end. Sections are about a microsecond and do not wait for anything.
 *
 * Taking and giving back are Atomics on the word, so what was written under the lock is seen by whoever takes it next, on
 * ARM, too.
 */
export class SharedLocks {
  private readonly words: Int32Array
  private readonly me: number

  /** `words`: a view of a SharedArrayBuffer, one word for each lock. `worker`: whose locks these are, MANAGER or NO_WORKER. */
  constructor(words: Int32Array, worker: number) {
    assert(worker >= NO_WORKER && worker <= MANAGER, 'a lock belongs to a worker')
    this.words = words
    this.me = worker + 1
  }

  tryLock(i: number): boolean {
    assert(this.me !== 0, 'only workers take locks')
    return Atomics.compareExchange(this.words, i, 0, this.me) === 0
  }

  /** False when it was not to be had within `patience_ms`; the thread sleeps meanwhile. */
  lock(i: number, patience_ms: number): boolean {
    for (let spins = 0; spins < SPINS; spins++) {
      if (Atomics.load(this.words, i) === 0 && this.tryLock(i)) return true
    }
    return this.sleepFor(i, performance.now() + patience_ms)
  }

  /** Does anybody have it just now? */
  isTaken(i: number): boolean {
    return Atomics.load(this.words, i) !== 0
  }

  isHeldBy(i: number, worker: number): boolean {
    return (Atomics.load(this.words, i) & OWNER) === worker + 1
  }

  unlock(i: number): void {
    const was = Atomics.exchange(this.words, i, 0)
    assert((was & OWNER) === this.me, 'a lock is given back by its owner')
    if ((was & AWAITED) !== 0) Atomics.notify(this.words, i)
  }

  /** For the manager, when the thread of that worker has ended. Returns how many it held. */
  releaseAllOf(worker: number): number {
    let released = 0
    for (let i = 0; i < this.words.length; i++) {
      // Waiters may mark the word meanwhile; nobody else can change whose it is.
      if ((Atomics.load(this.words, i) & OWNER) !== worker + 1) continue
      Atomics.store(this.words, i, 0)
      Atomics.notify(this.words, i)
      released++
    }
    return released
  }

  /**
   * Everyone who sleeps is woken at each end, not one: the one might die with the word free and the others asleep.
   * Who gets it after a sleep marks it as awaited again, because others may have slept with him.
   */
  private sleepFor(i: number, deadline_ms: number): boolean {
    for (;;) {
      const seen = Atomics.load(this.words, i)
      assert((seen & OWNER) !== this.me, 'a lock is taken once')
      if (seen === 0) {
        if (Atomics.compareExchange(this.words, i, 0, this.me | AWAITED) === 0) return true
        continue
      }
      const left_ms = deadline_ms - performance.now()
      if (left_ms <= 0) return false
      const awaited = seen | AWAITED
      if (Atomics.compareExchange(this.words, i, seen, awaited) === seen) Atomics.wait(this.words, i, awaited, left_ms)
    }
  }
}
