import { performance } from 'node:perf_hooks'
import { InOrder } from '../../base/in-order.ts'

/** Spent before anybody looks at a clock: half a millisecond's work. */
const FREE_UNITS = 64
/** Between two looks at it. */
const LOOK_UNITS = 16
/** What is done for pages in one turn of the event loop, where they have come in it. */
const MOST_MS = 8
/** ... and where they go on from an earlier one. */
const SLICE_MS = 2
const NEVER = Infinity

/**
 * What a worker does for pages with ESI in one turn of its event loop, for all of them together: whoever else is served by it has his turn between. A unit is
 * about what an include costs. Who has had his share, or finds that all have, waits for his next turn, in order. Where there is little to do nobody
 * waits, and it costs an addition and a comparison.
 */
export class Turns {
  private readonly now_ms: () => number
  private readonly later: (turn: () => void) => void
  private readonly waiting = new InOrder<() => void>()
  private units = 0
  private looks_at = FREE_UNITS
  private until_ms = NEVER
  /** A turn is to come. */
  private due = false
  /** All that may be done in this turn of the event loop has been. */
  over = false

  constructor(now_ms: () => number = () => performance.now(), later: (turn: () => void) => void = setImmediate) {
    this.now_ms = now_ms
    this.later = later
  }

  /** So much has been done. */
  spend(units: number): void {
    this.units += units
    if (this.units >= this.looks_at) this.look()
  }

  /** `next` is called in a later turn. */
  wait(next: () => void): void {
    this.waiting.add(next)
    this.await()
  }

  private look(): void {
    this.looks_at = this.units + LOOK_UNITS
    const now_ms = this.now_ms()
    if (this.until_ms === NEVER) this.until_ms = now_ms + MOST_MS
    else if (now_ms >= this.until_ms) this.over = true
    // What has been spent counts until the event loop has gone round.
    this.await()
  }

  private await(): void {
    if (this.due) return
    this.due = true
    this.later(this.turn)
  }

  private readonly turn = (): void => {
    this.begin(LOOK_UNITS, this.now_ms() + SLICE_MS)
    try {
      // Those who come meanwhile have the next one.
      for (let left = this.waiting.length; left > 0 && !this.over; left--) this.waiting.take()?.()
    } finally {
      this.due = false
      this.begin(FREE_UNITS, NEVER)
      if (this.waiting.length > 0) this.await()
    }
  }

  private begin(looks_at: number, until_ms: number): void {
    this.units = 0
    this.looks_at = looks_at
    this.until_ms = until_ms
    this.over = false
  }
}

/** Of this worker. */
export const turns = new Turns()
