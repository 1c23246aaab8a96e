import { ManualClock } from '../../base/clock.ts'

/** What is to happen at a time, on a clock that stands still between such times. */
export class Calendar {
  readonly clock = new ManualClock()
  /** By time; those of one time in the order in which they were noted. */
  private readonly events: { readonly at_ms: number; readonly run: () => void }[] = []

  after(delay_ms: number, run: () => void): void {
    const at_ms = this.clock.mono_ms + delay_ms
    if (at_ms === Infinity) return
    let i = this.events.length
    while (i > 0 && this.events[i - 1].at_ms > at_ms) i--
    this.events.splice(i, 0, { at_ms, run })
  }

  /** When something is due next, Infinity for never. */
  get next_ms(): number {
    return this.events.length === 0 ? Infinity : this.events[0].at_ms
  }

  /** Runs one event that is due; false when none is. */
  runDue(): boolean {
    if (this.next_ms > this.clock.mono_ms) return false
    this.events.shift()!.run()
    return true
  }

  advanceTo(mono_ms: number): void {
    this.clock.advance(Math.max(0, mono_ms - this.clock.mono_ms))
  }
}
