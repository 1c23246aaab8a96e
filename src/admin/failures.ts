import type { Clock } from '../base/clock.ts'

/** Failures of one address, after which it has to wait. */
const FAILURES_MAX = 10
const WINDOW_MS = 60_000
/** Addresses remembered. */
const ADDRESSES_MAX = 1000

/** Who has guessed wrongly, and how often: nobody may try all there is. */
export class Failures {
  private readonly clock: Clock
  private readonly known = new Map<string, { count: number; readonly since_ms: number }>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** How long this address has to wait. */
  waitOf(address: string): number {
    this.clock.refresh()
    const known = this.known.get(address)
    if (known === undefined) return 0
    const left_ms = known.since_ms + WINDOW_MS - this.clock.mono_ms
    if (left_ms <= 0) this.known.delete(address)
    return known.count >= FAILURES_MAX ? Math.max(0, left_ms) : 0
  }

  failed(address: string): void {
    const known = this.known.get(address)
    if (known !== undefined) known.count++
    else {
      const [oldest] = this.known.keys()
      if (this.known.size >= ADDRESSES_MAX) this.known.delete(oldest)
      this.known.set(address, { count: 1, since_ms: this.clock.mono_ms })
    }
  }
}
