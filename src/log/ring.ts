import { assert } from '../base/assert.ts'
import { TAG } from './tags.ts'

/**
 * The ring of log records in memory, in the published VSL layout (VSLHEAD1): a head of 88 bytes, then words. Eight
 * segments; `segment_n` counts them through all laps, so that a reader can tell how far behind it is. One writer.
 *
 * A block becomes visible by the store of its first word, which held END until then: a reader never sees half a block.
 */

export const HEAD_BYTES = 88
const SEGMENTS = 8
/** Markers in the place of a record's first word. */
export const END = 0xfe454545
export const WRAP = 0xfe575757
/** First word of a batch; its second is the number of bytes that follow. */
export const BATCH = 0xff000000
/** Words of a record before its payload: tag and length, transaction. */
export const RECORD_WORDS = 2

// Word positions in the head: i64 segsize at byte 8, u32 segment_n at 16, i64 offset[8] at 24.
const SEGSIZE = 2
const SEGMENT_N = 4
const OFFSETS = 6
const MAGIC = 'VSLHEAD1'

/** Starts one lap before zero, so that every lap, the first too, wraps the same way. */
const FIRST_SEGMENT = 0xfffffff8

export type RingMemory = SharedArrayBuffer | ArrayBuffer

/** A ring as both sides see it. */
export class RingView {
  readonly head: Uint32Array
  readonly words: Uint32Array
  /** Words of a segment. */
  readonly segment_words: number

  constructor(memory: RingMemory) {
    this.segment_words = Math.floor((memory.byteLength - HEAD_BYTES) / 4 / SEGMENTS)
    assert(this.segment_words >= 64, 'a log ring has room for its head and eight segments')
    this.head = new Uint32Array(memory, 0, HEAD_BYTES / 4)
    this.words = new Uint32Array(memory, HEAD_BYTES, this.segment_words * SEGMENTS)
  }

  /** Number of the segment being written, counted through all laps modulo 2^32. */
  get segment(): number {
    return Atomics.load(this.head, SEGMENT_N)
  }

  /** First record that begins in segment k, or -1. */
  offset(k: number): number {
    return this.head[OFFSETS + 2 * k] | 0
  }
}

/** The writing side. */
export class RingWriter {
  /** Laps begun (shm_cycles). */
  cycles = 0
  private readonly view: RingView
  private readonly words: Uint32Array
  private readonly bytes: Buffer
  private at = 0
  private segment = FIRST_SEGMENT

  /** Goes on where another writer, who lives no longer, has left off; formats memory that is new. */
  constructor(memory: RingMemory) {
    this.view = new RingView(memory)
    this.words = this.view.words
    this.bytes = Buffer.from(memory, HEAD_BYTES, this.words.byteLength)
    if (Buffer.from(memory, 0, MAGIC.length).toString('latin1') === MAGIC) this.resume()
    else this.format(memory)
  }

  /** Largest block that may be appended. */
  get block_bytes_max(): number {
    return this.view.segment_words * 4
  }

  /** Appends one batch around `size_bytes` of complete records of one transaction. */
  batch(records: Buffer, size_bytes: number): void {
    const p = this.claim(RECORD_WORDS + size_bytes / 4)
    this.words[p + 1] = size_bytes
    records.copy(this.bytes, (p + RECORD_WORDS) * 4, 0, size_bytes)
    Atomics.store(this.words, p, BATCH)
  }

  /** Appends one record on its own. */
  single(record: Buffer, size_bytes: number, firstWord: number): void {
    const p = this.claim(size_bytes / 4)
    record.copy(this.bytes, (p + 1) * 4, 4, size_bytes)
    Atomics.store(this.words, p, firstWord)
  }

  private format(memory: RingMemory): void {
    const { head } = this.view
    // Touching every page now saves the first lap its page faults.
    this.words.fill(0)
    head.fill(0)
    head[SEGSIZE] = this.view.segment_words
    for (let k = 0; k < SEGMENTS; k++) this.setOffset(k, k === 0 ? 0 : -1)
    this.words[0] = END
    Atomics.store(head, SEGMENT_N, this.segment)
    Buffer.from(memory, 0, MAGIC.length).write(MAGIC, 'latin1')
  }

  /**
   * The writer before us may have died at any step. The block that it was writing then still begins with END; where the
   * head tells already of what follows that block, the gap is filled, so that readers get past it.
   */
  private resume(): void {
    const { view } = this
    this.segment = view.segment
    const place = this.segment & (SEGMENTS - 1)
    const before = place === 0 ? 0 : view.offset(place - 1)
    const end = endOfRecords(this.words, before < 0 ? view.offset(place) : before)
    if (this.words[end] === WRAP) return this.beginLap()
    this.at = Math.max(end, view.offset(place))
    this.fillGap(end, this.at)
  }

  /** With empty batches, the first one last: it makes all of them visible. */
  private fillGap(from: number, to: number): void {
    let p = to
    if ((to - from) % 2 === 1) {
      p -= RECORD_WORDS + 1
      this.words[p + 1] = 0
      this.bytes.write('gap\0', (p + RECORD_WORDS) * 4, 'latin1')
      Atomics.store(this.words, p, (TAG.Error << 24) | 4)
    }
    for (p -= RECORD_WORDS; p >= from; p -= RECORD_WORDS) {
      this.words[p + 1] = 0
      Atomics.store(this.words, p, BATCH)
    }
  }

  /** Makes room for a block and returns the position of its first word, which still says END. */
  private claim(count_words: number): number {
    if (this.at + count_words >= this.words.length) this.wrap()
    const p = this.at
    this.at = p + count_words
    // Seen no later than the store of the block's first word, which is atomic and comes last.
    this.words[this.at] = END
    if (this.at >= ((this.segment & (SEGMENTS - 1)) + 1) * this.view.segment_words) this.nextSegment()
    return p
  }

  private nextSegment(): void {
    const k = Math.floor(this.at / this.view.segment_words)
    while (k > (this.segment & (SEGMENTS - 1))) {
      this.segment = (this.segment + 1) >>> 0
      this.setOffset(this.segment & (SEGMENTS - 1), this.at)
    }
    // Before the block is written: slow readers must know that what stood there is gone.
    Atomics.store(this.view.head, SEGMENT_N, this.segment)
  }

  private wrap(): void {
    this.cycles++
    this.setOffset(0, 0)
    Atomics.store(this.words, 0, END)
    if (this.at !== 0) Atomics.store(this.words, this.at, WRAP)
    this.beginLap()
  }

  private beginLap(): void {
    this.at = 0
    this.segment = (this.segment + SEGMENTS - (this.segment & (SEGMENTS - 1))) >>> 0
    Atomics.store(this.view.head, SEGMENT_N, this.segment)
  }

  private setOffset(k: number, words: number): void {
    this.view.head[OFFSETS + 2 * k] = words
    this.view.head[OFFSETS + 2 * k + 1] = words < 0 ? 0xffffffff : 0
  }
}

/** Where the records that begin at `at` end: at END, or at WRAP. */
function endOfRecords(words: Uint32Array, at: number): number {
  for (;;) {
    const first = Atomics.load(words, at)
    if (first === END || first === WRAP) return at
    at += first === BATCH ? RECORD_WORDS : RECORD_WORDS + (((first & 0xffff) + 3) >> 2)
    assert(at < words.length, 'records of a ring end within it')
  }
}
