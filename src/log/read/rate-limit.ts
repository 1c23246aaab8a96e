import type { Clock } from '../../base/clock.ts'
import type { Rate } from './options.ts'

/** -R: a bucket that holds `count`, begins with one, and fills up in `period_s`. */
export class RateLimit {
  private readonly rate: Rate
  private readonly clock: Clock
  private credits = 1
  private last_ms: number

  constructor(rate: Rate, clock: Clock) {
    this.rate = rate
    this.clock = clock
    this.last_ms = clock.mono_ms
  }

  permits(): boolean {
    this.clock.refresh()
    const { count, period_s } = this.rate
    const now_ms = this.clock.mono_ms
    this.credits = Math.min(count, this.credits + ((now_ms - this.last_ms) / 1000 / period_s) * count)
    this.last_ms = now_ms
    if (this.credits < 1) return false
    this.credits--
    return true
  }
}
