import { assert } from '../base/assert.ts'
import { formatByMagic, type LogFormat, formatOf, type LogVersion } from './format.ts'

/**
 * The ring of log records in memory, in the published VSL layout: a head of 88 bytes, then words. Eight segments;
 * `segment_n` counts them through all laps, so that a reader can tell how far behind it is.
 *
 * A block becomes visible by the store of its first word, which held END until then: a reader never sees half a block. What
 * writes is ring-writer.ts.
 */

export const HEAD_BYTES = 88
export const SEGMENTS = 8
/** Markers in the place of a record's first word. */
export const END = 0xfe454545
export const WRAP = 0xfe575757
/** First word of a batch; its second is the number of bytes that follow. Its head is as long as a record's. */
export const BATCH = 0xff000000

// Word positions in the head: i64 segsize at byte 8, u32 segment_n at 16, i64 offset[8] at 24.
const SEGSIZE = 2
const SEGMENT_N = 4
const OFFSETS = 6
const MAGIC_BYTES = 8

/** Starts one lap before zero, so that every lap, the first too, wraps the same way. */
export const FIRST_SEGMENT = 0xfffffff8

/** An ArrayBuffer is this thread's view of memory that others see as well. */
export type RingMemory = SharedArrayBuffer | ArrayBuffer

/** Makes a ring of memory that reads as zeros. Once, before anybody attaches. */
export function formatRing(memory: RingMemory, version: LogVersion): void {
  const segment_words = segmentWords(memory)
  const head = new Uint32Array(memory, 0, HEAD_BYTES / 4)
  head[SEGSIZE] = segment_words
  for (let k = 0; k < SEGMENTS; k++) setOffset(head, k, k === 0 ? 0 : -1)
  new Uint32Array(memory, HEAD_BYTES, 1)[0] = END
  Atomics.store(head, SEGMENT_N, FIRST_SEGMENT)
  // Last: readers go by it.
  Buffer.from(memory, 0, MAGIC_BYTES).write(formatOf(version).magic, 'latin1')
}

/** A ring as both sides see it. */
export class RingView {
  readonly format: LogFormat
  readonly head: Uint32Array
  readonly words: Uint32Array
  /** The same words: what is not a small integer costs Atomics an allocation. */
  readonly signed: Int32Array
  /** Words of a segment. */
  readonly segment_words: number

  constructor(memory: RingMemory) {
    this.segment_words = segmentWords(memory)
    const magic = Buffer.from(memory, 0, MAGIC_BYTES).toString('latin1')
    const format = formatByMagic(magic)
    assert(format !== undefined, 'a log ring has been formatted')
    this.format = format
    this.head = new Uint32Array(memory, 0, HEAD_BYTES / 4)
    this.words = new Uint32Array(memory, HEAD_BYTES, this.segment_words * SEGMENTS)
    this.signed = new Int32Array(memory, HEAD_BYTES, this.segment_words * SEGMENTS)
  }

  /** Number of the segment being written, counted through all laps modulo 2^32. */
  get segment(): number {
    return Atomics.load(this.head, SEGMENT_N)
  }

  set segment(number: number) {
    Atomics.store(this.head, SEGMENT_N, number)
  }

  /** First record that begins in segment k, or -1. */
  offset(k: number): number {
    return this.head[OFFSETS + 2 * k] | 0
  }

  setOffset(k: number, words: number): void {
    setOffset(this.head, k, words)
  }
}

function segmentWords(memory: RingMemory): number {
  const segment_words = Math.floor((memory.byteLength - HEAD_BYTES) / 4 / SEGMENTS)
  assert(segment_words >= 64, 'a log ring has room for its head and eight segments')
  return segment_words
}

function setOffset(head: Uint32Array, k: number, words: number): void {
  head[OFFSETS + 2 * k] = words
  head[OFFSETS + 2 * k + 1] = words < 0 ? 0xffffffff : 0
}
