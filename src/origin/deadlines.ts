import type { Clock } from '../base/clock.ts'

/** Something that must happen before a time. The fields belong to Deadlines. */
export interface Timed {
  /** Monotonic; Infinity while nothing is awaited. May be moved later without telling Deadlines. */
  deadline_ms: number
  /** Place in the list, -1 outside. */
  slot: number
  expire(): void
}

/** No two sweeps are closer than this: the precision of every origin timeout. */
const SWEEP_MIN_MS = 10

/**
 * One timer for all fetches. undici's own timers round to half a second above 1 s and cost three timer
 * objects per request; moving a deadline here is one store, and the list is read only when the earliest is due.
 */
export class Deadlines {
  private readonly clock: Clock
  private readonly list: Timed[] = []
  private timer: NodeJS.Timeout | undefined
  private wake_ms = Infinity

  constructor(clock: Clock) {
    this.clock = clock
  }

  get size(): number {
    return this.list.length
  }

  add(timed: Timed): void {
    timed.slot = this.list.push(timed) - 1
  }

  remove(timed: Timed): void {
    const { slot } = timed
    if (slot < 0) return
    timed.slot = -1
    const last = this.list.pop()!
    if (last === timed) return
    this.list[slot] = last
    last.slot = slot
  }

  /** Sets a deadline that may be earlier than the one before. */
  set(timed: Timed, delay_ms: number): void {
    const deadline_ms = this.clock.mono_ms + delay_ms
    timed.deadline_ms = deadline_ms
    if (deadline_ms < this.wake_ms) this.wakeAt(deadline_ms)
  }

  /** Expires what is due and returns the next time at which something is. */
  sweep(): number {
    const now_ms = this.clock.mono_ms
    let next_ms = Infinity
    // Backwards: expire() removes its own entry, and what swaps into its place has been looked at.
    for (let i = this.list.length - 1; i >= 0; i--) {
      const timed = this.list[i]
      if (timed === undefined) continue
      if (timed.deadline_ms <= now_ms) timed.expire()
      else if (timed.deadline_ms < next_ms) next_ms = timed.deadline_ms
    }
    return next_ms
  }

  stop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.wake_ms = Infinity
  }

  private wakeAt(wake_ms: number): void {
    clearTimeout(this.timer)
    this.wake_ms = wake_ms
    const delay_ms = Math.min(Math.max(wake_ms - this.clock.mono_ms, SWEEP_MIN_MS), 2 ** 31 - 1)
    this.timer = setTimeout(this.wake, Math.ceil(delay_ms))
    this.timer.unref()
  }

  /** What has come while this thread stood still is read behind the timers of this turn of the event loop: first that. */
  private readonly wake = (): void => {
    this.clock.refresh()
    setImmediate(this.endTurn)
  }

  private readonly endTurn = (): void => {
    if (this.timer === undefined) return
    this.wake_ms = Infinity
    const next_ms = this.sweep()
    // A deadline set by an expire() may already have armed an earlier timer.
    if (next_ms < this.wake_ms) this.wakeAt(next_ms)
  }
}
