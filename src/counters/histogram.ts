/**
 * Histograms of times in memory that manager and workers share. The bounds are powers of two in microseconds, so that a bucket is
 * found by counting leading zeros: a count is two additions, about 3 ns, with no look at a clock and no search.
 */

/** The narrowest bucket ends at 2^4 us, a fraction of a hit; the widest at 2^26 us, 67 s. */
const FIRST_BITS = 4
const LAST_BITS = 26
/** Above it a number of microseconds is no 31-bit integer: 35 minutes. */
const LONGEST_US = 2 ** 31 - 1

/** Upper ends of the buckets, in seconds; one more is without an end. */
export const BOUNDS_S: readonly number[] = Array.from({ length: LAST_BITS - FIRST_BITS + 1 }, (_, i) => 2 ** (i + FIRST_BITS) / 1e6)

const BUCKETS = LAST_BITS - FIRST_BITS + 2
/** Values that one histogram takes: its buckets, then the sum of what was counted, in seconds. */
export const HISTOGRAM_VALUES = BUCKETS + 1

/** Counts a time in the histogram that begins at `at`. A time below 0, of a clock that was set back, is none. */
export function countTime(values: Float64Array, at: number, ms: number): void {
  let us = ms * 1000
  if (us > LONGEST_US) us = LONGEST_US
  else if (!(us > 0)) us = 0
  // How many bits it takes: the power of two above it.
  const bits = 32 - Math.clz32(us)
  values[at + (bits <= FIRST_BITS ? 0 : bits > LAST_BITS ? BUCKETS - 1 : bits - FIRST_BITS)]++
  values[at + BUCKETS] += us / 1e6
}

/** What Prometheus wants to hear of one: how many were no longer than each bound, all in all, and the sum. */
export interface HistogramView {
  /** As many as there are bounds. */
  readonly cumulative: readonly number[]
  readonly count: number
  readonly sum_s: number
}

/** Of the histograms that begin at `at` in each of these blocks, taken together. */
export function viewHistogram(blocks: readonly Float64Array[], at: number): HistogramView {
  const sums = new Float64Array(HISTOGRAM_VALUES)
  for (const values of blocks) for (let i = 0; i < HISTOGRAM_VALUES; i++) sums[i] += values[at + i]
  let count = 0
  const cumulative = BOUNDS_S.map((_, i) => (count += sums[i]))
  return { cumulative, count: count + sums[BUCKETS - 1], sum_s: sums[BUCKETS] }
}
