import type { SegmentFile } from '../../shm/vsm/attach.ts'
import type { LogFormat } from '../format.ts'
import { END, HEAD_BYTES, SEGMENTS, WRAP } from '../ring.ts'
import { BATCH_TAG } from './format.ts'
import { type Block, blockOf } from './record-cursor.ts'
import { RingHead } from './ring-head.ts'
import type { LogSource, SourceState } from './source.ts'

/** This many segments behind the writer, what is read may be overwritten meanwhile. */
const OVERRUN = SEGMENTS - 2
/** Numbers wrap: from here on it is the reader who is in front. */
const AHEAD = 2 ** 31
/** Where reading of what is there begins: one segment is between it and being overrun. */
const HISTORY = SEGMENTS - 3
/** How much is read at a time: more when there is more. */
const READ_WORDS_MIN = 4096
const READ_WORDS_MAX = 1 << 18
/** Of what is damaged and of what has been written since this many segments, no end is found. */
const END_SEGMENTS_MAX = 1

/**
 * The ring of a running server, read by copying: what a copy holds is complete if the writer was not near when it had been made, and stays what
 * it is. A unit is a batch, or a record that stands on its own.
 */
export class RingSource implements LogSource {
  readonly format: LogFormat
  block: Block = blockOf(new ArrayBuffer(READ_WORDS_MIN * 4))
  from = 0
  to = 0
  fault = ''
  beforeReuse: () => void = () => {}
  private readonly file: SegmentFile
  private readonly head: RingHead
  private readonly isValid: () => boolean
  private readonly history: boolean
  /** The next unit in words of the ring, and the number of the segment it begins in. */
  private at = 0
  private segment = 0
  /** What the block holds, in words of the ring. */
  private base = 0
  private loaded = 0
  private read_words = READ_WORDS_MIN
  private readonly peeked = Buffer.alloc(4)

  /** `isValid`: is the segment still the server's? Throws an Error that says why the segment cannot be read. */
  constructor(file: SegmentFile, history: boolean, isValid: () => boolean) {
    this.file = file
    this.history = history
    this.isValid = isValid
    this.head = new RingHead(file)
    this.format = this.head.format
    if (history) this.toOldest()
    else this.toEnd()
  }

  next(): SourceState {
    for (;;) {
      const first = this.firstWord()
      if (typeof first === 'string') return first
      if (first === END) return this.ended()
      if (first === WRAP) {
        // A record is no longer than a segment. The reader would go round and round, and the number of its segment stay what it is.
        if (this.at < this.head.segment_words) return this.damaged('it wraps in its first segment')
        this.wrap()
        continue
      }
      if (first === 0) return this.damaged('there is nothing where a record should be')
      return this.unit(first)
    }
  }

  close(): void {
    this.file.close()
  }

  // ---- where to begin

  private toOldest(): void {
    const newest = this.head.segment
    for (let back = HISTORY; back >= 0; back--) {
      const number = (newest - back) >>> 0
      const offset = this.head.offset(number)
      if (offset !== undefined) return this.moveTo(offset, number)
    }
    throw new Error('its head names no record')
  }

  private toEnd(): void {
    const number = this.head.segment
    const offset = this.head.offset(number)
    if (offset === undefined) throw new Error('its head names no record')
    this.moveTo(offset, number)
    for (;;) {
      const state = this.next()
      if (state === 'none') return
      if (state !== 'some')
        throw new Error(
          state === 'damaged' ? this.fault : state === 'abandoned' ? 'it has gone' : 'it is written faster than it can be read',
        )
      if ((this.head.segment - number) >>> 0 > END_SEGMENTS_MAX) throw new Error('it is written faster than it can be read')
    }
  }

  private moveTo(at: number, segment: number): void {
    this.at = at
    this.segment = segment
  }

  // ---- the block

  /** The first word of the next unit, or why there is none. */
  private firstWord(): number | SourceState {
    const { words } = this.block
    const index = this.at - this.base
    if (index >= 0 && index < this.loaded && words[index] !== END) return words[index]
    // What was the end when it was read may be no more.
    if (this.file.read(this.peeked, HEAD_BYTES + this.at * 4, 4) !== 4) return this.damaged('the segment is too short')
    const word = this.peeked.readUInt32LE(0)
    if (word === END || word === WRAP) return this.trouble(word === END) ?? word
    const state = this.load(1)
    return state === 'some' ? this.block.words[0] : state
  }

  /** Reads from the next unit on. */
  private load(words_min: number): SourceState {
    const trouble = this.trouble()
    if (trouble !== undefined) return trouble
    // It was read to its end: there is more than that to read at a time.
    if (this.loaded === this.read_words) this.read_words = Math.min(this.read_words * 2, READ_WORDS_MAX)
    const wanted = Math.min(Math.max(this.read_words, words_min), this.head.ring_words - this.at)
    this.beforeReuse()
    if (this.block.words.length < wanted) this.block = blockOf(new ArrayBuffer(Math.max(wanted, this.read_words) * 4))
    this.base = this.at
    this.loaded = this.file.read(this.block.bytes, HEAD_BYTES + this.at * 4, wanted * 4) >> 2
    if (this.loaded < words_min) return this.damaged('the segment is too short')
    // Whoever wrote meanwhile may have been near.
    return this.trouble() ?? 'some'
  }

  /**
   * Why what stands here cannot be believed; undefined: it can. The number of a segment is written before what begins in it, but behind the mark that leads to the first one:
   * whoever is in front of the writer and finds something has been led there by garbage.
   */
  private trouble(is_end = false): SourceState | undefined {
    if (!this.head.refresh()) return this.lost()
    const behind = (this.head.segment - this.segment) >>> 0
    if (behind >= AHEAD) return is_end ? undefined : this.damaged('it goes on where nothing has been written')
    return behind >= OVERRUN ? this.lost() : undefined
  }

  private lost(): SourceState {
    return this.isValid() ? 'overrun' : 'abandoned'
  }

  private ended(): SourceState {
    if (!this.isValid()) return 'abandoned'
    return this.history ? 'end' : 'none'
  }

  private damaged(why: string): SourceState {
    this.fault = `Log damaged at word ${this.at}: ${why}`
    return 'damaged'
  }

  private wrap(): void {
    this.at = 0
    this.loaded = 0
    while (this.segment % SEGMENTS !== 0) this.segment = (this.segment + 1) >>> 0
  }

  // ---- units

  private unit(first: number): SourceState {
    const { header_words } = this.format
    const is_batch = first >>> 24 === BATCH_TAG
    const head = this.hold(header_words)
    if (head !== 'some') return head
    const payload = is_batch ? Math.ceil(this.block.words[this.at - this.base + 1] / 4) : ((first & 0xffff) + 3) >> 2
    const size = header_words + payload
    if (size > this.head.segment_words || this.at + size >= this.head.ring_words) return this.damaged('a record is longer than can be')
    const whole = this.hold(size)
    if (whole !== 'some') return whole
    this.from = this.at - this.base + (is_batch ? header_words : 0)
    this.to = is_batch ? this.endOfRecords(this.from, this.at - this.base + size) : this.from + size
    this.advance(size)
    return 'some'
  }

  /** Makes sure that so much of the next unit is in the block. */
  private hold(words: number): SourceState {
    const index = this.at - this.base
    return index >= 0 && index + words <= this.loaded ? 'some' : this.load(words)
  }

  /** Of a batch whose records do not fill it, what is complete. */
  private endOfRecords(from: number, to: number): number {
    const { words } = this.block
    const { header_words } = this.format
    let at = from
    while (at + header_words <= to) {
      const next = at + header_words + (((words[at] & 0xffff) + 3) >> 2)
      if (next > to) return at
      at = next
    }
    return at
  }

  private advance(size: number): void {
    this.at += size
    const place = Math.floor(this.at / this.head.segment_words)
    while (place > this.segment % SEGMENTS) this.segment = (this.segment + 1) >>> 0
  }
}
