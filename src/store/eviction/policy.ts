/**
 * Eviction: S3-FIFO over segments, with a main ring that may weigh sizes. Here is what the rings are, and what a judge (judge.ts) is
 * given and answers. Nothing in this folder knows where objects lie. docs/decisions/0017-eviction.md has reasons and figures.
 */

export const RING_SMALL = 0
export const RING_MAIN = 1
export type Ring = typeof RING_SMALL | typeof RING_MAIN

/** What the small ring gets of all bytes in use. */
export const SMALL_SHARE = 0.1

/** A hit does `if (freq < FREQ_MAX) freq++`. How much of it counts is decided when the object is judged. */
export const FREQ_MAX = 255

/** Verdicts below 0; any other keeps the object in the main ring with this frequency. */
export const DROP = -1
/** Drop, and add its id to the ghost. */
export const DROP_REMEMBER = -2

/** Where a new object goes. What is larger than the small ring would empty it and be gone before its second request. */
export function admissionRing(size_bytes: number, remembered: boolean, capacity_bytes: number): Ring {
  return remembered || size_bytes > capacity_bytes * SMALL_SHARE ? RING_MAIN : RING_SMALL
}

/**
 * The ring whose oldest sealed segment gives way, by the bytes of the segments in each (free ones count for nobody, so that a
 * reserve of free segments does not come out of the small ring alone). If that ring has no sealed segment, take the other.
 */
export function nextVictimRing(small_bytes: number, main_bytes: number): Ring {
  return small_bytes === 0 || main_bytes > (1 - SMALL_SHARE) * (small_bytes + main_bytes) ? RING_MAIN : RING_SMALL
}

/** The objects of one or several segments that give way together: parallel arrays, filled by whoever owns the memory. */
export interface Stripe {
  count: number
  ring: Ring
  /** One large object on segments of its own: it is kept by requeueing its segments, and nothing is copied. */
  requeued: boolean
  readonly size_bytes: Float64Array
  readonly freq: Uint8Array
  readonly expiry_ms: Float64Array
  /** The answer: DROP, DROP_REMEMBER or the frequency to go on with. */
  readonly verdict: Int16Array
}

export function makeStripe(objects: number): Stripe {
  return {
    count: 0,
    ring: RING_SMALL,
    requeued: false,
    size_bytes: new Float64Array(objects),
    freq: new Uint8Array(objects),
    expiry_ms: new Float64Array(objects),
    verdict: new Int16Array(objects),
  }
}
