import { HISTOGRAM_VALUES } from './histogram.ts'

/**
 * What each worker measures of itself and of its answers, besides the counters: one block of shared memory for each worker number. A
 * thread that takes a dead one's place goes on in its block, so that nothing is counted twice, nor lost.
 */

/** How a request was answered. */
export const RESULTS = ['hit', 'miss', 'pass', 'synth'] as const
export const RESULT = { hit: 0, miss: 1, pass: 2, synth: 3 } as const
export type Result = (typeof RESULT)[keyof typeof RESULT]

/** V8's kinds of garbage collection, by the bit that perf_hooks has for each. */
export const GC_KINDS = [
  ['minor', 1],
  ['major', 4],
  ['incremental', 8],
  ['weak', 16],
] as const

/** Where what begins. */
const FIRST_BYTE = 0
const TOTAL = FIRST_BYTE + RESULTS.length * HISTOGRAM_VALUES
export const LOOP_LAG = TOTAL + RESULTS.length * HISTOGRAM_VALUES
/** For each kind: how many there were, and the seconds that they took. */
export const GC = LOOP_LAG + HISTOGRAM_VALUES
/** Turns of the event loop. */
export const LOOPS = GC + 2 * GC_KINDS.length
const VALUES = LOOPS + 1

/** Until the head of the response left. */
export function firstByteOf(result: Result): number {
  return FIRST_BYTE + result * HISTOGRAM_VALUES
}

/** Until the last byte was handed to the system. */
export function totalOf(result: Result): number {
  return TOTAL + result * HISTOGRAM_VALUES
}

export function newVitals(): SharedArrayBuffer {
  return new SharedArrayBuffer(VALUES * Float64Array.BYTES_PER_ELEMENT)
}
