import type { SegmentFile } from '../../shm/vsm/attach.ts'
import { formatByMagic, type LogFormat } from '../format.ts'
import { HEAD_BYTES, SEGMENTS } from '../ring.ts'

const SEGSIZE_AT = 8
const SEGMENT_N_AT = 16
const OFFSETS_AT = 24
const MAGIC_BYTES = 8
const SEGMENT_WORDS_MIN = 16

/** The head of a ring as it was read last. What it says is believed only as far as it can be true. */
export class RingHead {
  readonly format: LogFormat
  readonly segment_words: number
  readonly ring_words: number
  private readonly file: SegmentFile
  private readonly bytes = Buffer.alloc(HEAD_BYTES)

  /** Throws an Error that says why it is none. */
  constructor(file: SegmentFile) {
    this.file = file
    if (!this.refresh()) throw new Error('the segment is too short')
    const format = formatByMagic(this.bytes.toString('latin1', 0, MAGIC_BYTES))
    if (format === undefined) throw new Error('the segment is not a log')
    this.format = format
    this.segment_words = Number(this.bytes.readBigInt64LE(SEGSIZE_AT))
    this.ring_words = this.segment_words * SEGMENTS
    if (this.segment_words < SEGMENT_WORDS_MIN || HEAD_BYTES + this.ring_words * 4 > file.segment.length)
      throw new Error('the size that its head tells is wrong')
  }

  /** False when it could not be read. */
  refresh(): boolean {
    return this.file.read(this.bytes, 0, HEAD_BYTES) === HEAD_BYTES
  }

  /** Number of the segment that is written, modulo 2^32. */
  get segment(): number {
    return this.bytes.readUInt32LE(SEGMENT_N_AT)
  }

  /** Word of the first record that begins in segment number `n`; undefined: there is none. */
  offset(n: number): number | undefined {
    const words = this.bytes.readInt32LE(OFFSETS_AT + 8 * (n % SEGMENTS))
    return words < 0 || words >= this.ring_words ? undefined : words
  }
}
