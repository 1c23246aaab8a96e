/**
 * What the workers' judges share, in 32-bit words that never tear: how fast objects age, and how much may be copied. Zeroed memory
 * is a good start. A lost update does no harm: both are steered by what happens next.
 */

/** Words of memory. */
export const AGEING_WORDS = 16

/** log2 of the level, times 2^16; 0 is not known yet. */
const LEVEL = 0
/** Bytes that may be copied, in units of capacity / 2^20. */
const CREDIT = 1

const LEVEL_ONE = 2 ** 16
const CREDIT_UNITS = 2 ** 20
/** How much may be saved up: enough for a burst, too little to copy the store at one go. */
const CREDIT_MAX_UNITS = CREDIT_UNITS / 4
/** Share of the judged bytes of the main ring that stay. More chooses better and copies more: s / (1 - s) for each byte that is freed. */
const KEEP_SHARE = 0.7
/** One stripe moves the level by e^GAIN at most. From a third to three times of this makes no difference that can be seen. */
const GAIN = 0.3

export class Ageing {
  private readonly words: Int32Array
  private readonly unit_bytes: number
  /** What this worker has not yet entered: less than a unit. */
  private loose_bytes = 0

  constructor(words: Int32Array, capacity_bytes: number) {
    this.words = words
    this.unit_bytes = Math.max(1, capacity_bytes / CREDIT_UNITS)
  }

  /** Bytes came in: as many may be copied, so that copying never costs more than one byte for each byte admitted. */
  admitted(size_bytes: number): void {
    this.enter(size_bytes)
    if (this.words[CREDIT] > CREDIT_MAX_UNITS) Atomics.store(this.words, CREDIT, CREDIT_MAX_UNITS)
  }

  /** Bytes were copied, or something as dear was done. */
  spend(size_bytes: number): void {
    this.enter(-size_bytes)
  }

  get credit_bytes(): number {
    return Math.max(0, this.words[CREDIT]) * this.unit_bytes
  }

  /** log2 of the price that `Judge` multiplies by size^bias. */
  get level(): number {
    return this.words[LEVEL] / LEVEL_ONE
  }

  get started(): boolean {
    return this.words[LEVEL] !== 0
  }

  /** Sets log2 of the level. */
  start(level: number): void {
    Atomics.store(this.words, LEVEL, Math.round(level * LEVEL_ONE) || 1)
  }

  /** So much of a stripe of the main ring would have stayed: the clock goes faster if that was too much. */
  settle(kept_share: number): void {
    this.start(this.level + GAIN * Math.LOG2E * (kept_share - KEEP_SHARE))
  }

  private enter(size_bytes: number): void {
    this.loose_bytes += size_bytes
    const units = Math.trunc(this.loose_bytes / this.unit_bytes)
    if (units === 0) return
    this.loose_bytes -= units * this.unit_bytes
    Atomics.add(this.words, CREDIT, units)
  }
}
