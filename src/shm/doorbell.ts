import { assert } from '../base/assert.ts'
import { THREADS_MAX, WORKERS_MAX } from '../config/workers.ts'

/** A worker's words lie on a cache line of their own, so that ringing one does not slow the others down. */
const STRIDE = 16
/** How often it was rung, modulo 2^32: what the listener compares, so that a ring between two waits is not lost. */
const RINGS = 0
/** 1 while the listener waits: nobody else needs to be notified. */
const ASLEEP = 1

/** Ends listening. */
export interface Listening {
  close(): void
}

/**
 * One thread tells another that there is something to look at. It says neither what nor how often: whoever is rung looks
 * at the structures that it watches. Rings before the listener has woken are one call.
 *
 * A ring is an addition and a load, and a notification when the listener sleeps (17 and 40 ns); the listener wakes within
 * about 0.2 ms by Atomics.waitAsync. It does not poll, and does not keep its event loop alive.
 *
 * No ring is lost. The ringer adds, then looks whether to notify; the listener says that it sleeps, then waits for the
 * count it has seen to change. All of it is Atomics, one order for all threads: either the listener sees the new count and
 * does not wait, or the ringer sees it asleep. A thread that dies between its addition and its notification is
 * covered by whoever rings next: when a worker has died, the manager rings all.
 */
export class Doorbells {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  private readonly words: Int32Array

  constructor(memory = new SharedArrayBuffer(THREADS_MAX * STRIDE * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.words = new Int32Array(memory)
  }

  /** What was written before is seen by the listener when it is called. */
  ring(slot: number): void {
    const at = slot * STRIDE
    Atomics.add(this.words, at + RINGS, 1)
    if (Atomics.load(this.words, at + ASLEEP) !== 0) Atomics.notify(this.words, at + RINGS)
  }

  ringAll(except = -1): void {
    for (let slot = 0; slot < WORKERS_MAX; slot++) if (slot !== except) this.ring(slot)
  }

  /** One listener for each slot. It is called on its event loop, never from within `ring`. */
  listen(slot: number, onRing: () => void): Listening {
    assert(slot >= 0 && slot < WORKERS_MAX, 'a doorbell belongs to a worker')
    const listener = new Listener(this.words, slot * STRIDE, onRing)
    listener.wait()
    return listener
  }
}

class Listener implements Listening {
  private readonly words: Int32Array
  private readonly at: number
  private readonly onRing: () => void
  private seen: number
  private open = true

  constructor(words: Int32Array, at: number, onRing: () => void) {
    this.words = words
    this.at = at
    this.onRing = onRing
    this.seen = Atomics.load(words, at + RINGS)
  }

  wait(): void {
    Atomics.store(this.words, this.at + ASLEEP, 1)
    const waiting = Atomics.waitAsync(this.words, this.at + RINGS, this.seen)
    if (waiting.async) void waiting.value.then(this.wake)
    // Rung meanwhile. Not at once: ringers that never pause must not keep the event loop from its sockets.
    else setImmediate(this.wake)
  }

  close(): void {
    this.open = false
    Atomics.store(this.words, this.at + ASLEEP, 0)
    // Lets the wait go, and with it this listener.
    Atomics.notify(this.words, this.at + RINGS)
  }

  private readonly wake = (): void => {
    if (!this.open) return
    Atomics.store(this.words, this.at + ASLEEP, 0)
    const rings = Atomics.load(this.words, this.at + RINGS)
    // A notification may come after its ring was seen.
    if (rings !== this.seen) {
      this.seen = rings
      this.onRing()
    }
    if (this.open) this.wait()
  }
}
