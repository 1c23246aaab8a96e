import type { Clock } from '../base/clock.ts'

/** Something with at most one deadline. The wheel owns the four link fields: initialise them as in `unscheduled`. */
export interface Timed {
  /** Monotonic ms. */
  due_ms: number
  slot: number
  next: Timed | undefined
  previous: Timed | undefined
  /** The deadline has passed; called once for each `schedule`. */
  onDue(now_ms: number): void
}

const TICK_MS = 100
/** 102 s ahead; what is due later waits in the farthest slot and is filed again when that comes. */
const SLOTS = 1024
const NOWHERE = -1

/**
 * Deadlines of all connections of a worker on one coarse timer: a wheel of slots of 100 ms, each a linked list. Moving a deadline
 * later, which every request does, is one store: the entry is found early in its old slot and filed again. So a deadline is
 * met at most one tick late.
 */
export class Sweep {
  private readonly clock: Clock
  private readonly slots: (Timed | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  /** Ticks that have been swept. */
  private swept: number
  private timer: NodeJS.Timeout | undefined = undefined

  constructor(clock: Clock) {
    this.clock = clock
    this.swept = Math.floor(clock.mono_ms / TICK_MS)
  }

  /**
   * In a turn of the event loop timers come first, and then what clients have sent. Who has sent his request while this thread stood still (the
   * machine was paused, a disk was slow) would be taken for idle: so it is swept at the end of the turn.
   */
  start(): void {
    this.timer ??= setInterval(() => {
      this.clock.refresh()
      setImmediate(this.endTurn)
    }, TICK_MS).unref()
  }

  private readonly endTurn = (): void => {
    if (this.timer === undefined) return
    this.clock.refresh()
    this.sweep()
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  /** Infinity: none. */
  schedule(entry: Timed, due_ms: number): void {
    const was_ms = entry.due_ms
    entry.due_ms = due_ms
    if (entry.slot !== NOWHERE) {
      if (due_ms >= was_ms) return
      this.unlink(entry)
    }
    if (due_ms !== Infinity) this.link(entry)
  }

  remove(entry: Timed): void {
    entry.due_ms = Infinity
    if (entry.slot !== NOWHERE) this.unlink(entry)
  }

  /** Runs what is due; by the timer, and by hand in tests. */
  sweep(): void {
    const now_ms = this.clock.mono_ms
    const tick = Math.floor(now_ms / TICK_MS)
    // After a long stop once around is enough.
    const from = Math.max(this.swept + 1, tick - SLOTS + 1)
    for (let t = from; t <= tick; t++) {
      this.swept = t
      this.sweepSlot(t % SLOTS, now_ms)
    }
  }

  private sweepSlot(slot: number, now_ms: number): void {
    let entry = this.slots[slot]
    this.slots[slot] = undefined
    // The whole list leaves the slot first: onDue may schedule and remove any entry, this slot's too.
    for (let e = entry; e !== undefined; e = e.next) e.slot = SLOTS
    this.detached = entry
    while ((entry = this.detached) !== undefined) {
      this.detached = entry.next
      if (this.detached !== undefined) this.detached.previous = undefined
      entry.next = entry.previous = undefined
      entry.slot = NOWHERE
      if (entry.due_ms <= now_ms) {
        entry.due_ms = Infinity
        entry.onDue(now_ms)
      } else if (entry.due_ms !== Infinity) this.link(entry)
    }
  }

  /** Head of the list being swept. */
  private detached: Timed | undefined = undefined

  private link(entry: Timed): void {
    // Rounded up: a slot is swept when all of its deadlines have passed.
    const tick = Math.min(Math.max(Math.ceil(entry.due_ms / TICK_MS), this.swept + 1), this.swept + SLOTS - 1)
    const slot = tick % SLOTS
    const head = this.slots[slot]
    entry.slot = slot
    entry.previous = undefined
    entry.next = head
    if (head !== undefined) head.previous = entry
    this.slots[slot] = entry
  }

  private unlink(entry: Timed): void {
    const { next, previous } = entry
    if (previous !== undefined) previous.next = next
    else if (entry.slot === SLOTS) this.detached = next
    else this.slots[entry.slot] = next
    if (next !== undefined) next.previous = previous
    entry.next = entry.previous = undefined
    entry.slot = NOWHERE
  }
}
