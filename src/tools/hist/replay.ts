import type { Measured } from './measure.ts'

/** More are not held back: they have their turn at once. */
const WAITING_MAX = 1_000_000

/** Hands out what was read from a file at the times at which it happened, or a multiple of that speed. */
export class Replay {
  factor: number
  /** When it is, in the file. */
  time_s: number | undefined
  private readonly deliver: (measured: Measured) => void
  private waiting: Measured[] = []
  private first = 0
  private last_ms: number | undefined

  constructor(factor: number, deliver: (measured: Measured) => void) {
    this.factor = factor
    this.deliver = deliver
  }

  get isEmpty(): boolean {
    return this.first >= this.waiting.length
  }

  add(measured: Measured): void {
    this.waiting.push(measured)
    if (this.waiting.length - this.first > WAITING_MAX) this.deliver(this.waiting[this.first++])
  }

  /** All that is due by now. */
  advance(now_ms: number): void {
    const passed_s = this.last_ms === undefined ? 0 : ((now_ms - this.last_ms) / 1000) * this.factor
    this.last_ms = now_ms
    if (this.isEmpty) return
    this.time_s = this.time_s === undefined ? this.waiting.at(this.first)?.time_s : this.time_s + passed_s
    while (!this.isEmpty && (this.waiting[this.first].time_s ?? 0) <= (this.time_s ?? Infinity)) this.deliver(this.waiting[this.first++])
    if (this.first > this.waiting.length >> 1) {
      this.waiting = this.waiting.slice(this.first)
      this.first = 0
    }
  }
}
