import { BACKEND, CLIENT, type LogFormat } from '../format.ts'
import { BATCH_TAG, vxidAt } from './format.ts'

/** What Node's buffers have and its types do not tell: a third quicker than toString. */
export interface Latin1Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** Memory with records, as words and as bytes. */
export interface Block {
  readonly words: Uint32Array
  readonly bytes: Latin1Bytes
}

export function blockOf(memory: ArrayBuffer): Block {
  return { words: new Uint32Array(memory), bytes: Buffer.from(memory) as Latin1Bytes }
}

/** Complete records that follow one another, in words from `from` to `to`. */
export interface Stretch {
  readonly block: Block
  readonly from: number
  readonly to: number
}

/**
 * Goes over the records of a transaction. Nothing is decoded before it is asked for: most records are only looked at for their tag
 * (bench/micro/log-query.ts).
 */
export class RecordCursor {
  /** Of the record it stands on, as in `TAG`; 0: a number that is no tag. */
  tag = 0
  /** Bytes of the payload, with its NUL. */
  length = 0
  /** Word behind it. */
  follow = 0
  /** Bytes of the block it stands in, and where the payload begins. */
  bytes: Latin1Bytes
  start = 0
  readonly format: LogFormat
  private readonly stretches: readonly Stretch[]
  private readonly tags: Uint8Array
  private readonly header_words: number
  private words: Uint32Array
  private stretch = 0
  /** Word where it begins. */
  at = 0
  private to = 0

  constructor(stretches: readonly Stretch[], format: LogFormat) {
    this.stretches = stretches
    this.format = format
    this.tags = format.tags
    this.header_words = format.header_words
    this.words = NO_WORDS
    this.bytes = NO_BYTES
  }

  /** Before the first record. */
  rewind(): void {
    this.stretch = 0
    this.follow = 0
    this.to = 0
  }

  /** To the next record; false when there is none. */
  next(): boolean {
    let first: number
    do {
      if (this.follow >= this.to && !this.nextStretch()) return false
      const at = this.follow
      first = this.words[at]
      this.at = at
      this.length = first & 0xffff
      this.follow = at + this.header_words + ((this.length + 3) >> 2)
      // The head of a batch is no record.
    } while (first >>> 24 === BATCH_TAG)
    this.tag = this.tags[first >>> 24]
    this.start = (this.at + this.header_words) * 4
    return true
  }

  get vxid(): number {
    return vxidAt(this.words, this.at, this.format)
  }

  /** Whose transaction it is in. */
  get side(): 'client' | 'backend' | 'none' {
    const bits = this.words[this.at + this.header_words - 1]
    return (bits & CLIENT) !== 0 ? 'client' : (bits & BACKEND) !== 0 ? 'backend' : 'none'
  }

  /** The payload up to its first NUL, latin1. */
  get text(): string {
    const text = this.bytes.latin1Slice(this.start, this.end)
    const nul = text.indexOf('\0')
    return nul === -1 ? text : text.slice(0, nul)
  }

  /** Where the payload ends, without the NUL that ends it. */
  get end(): number {
    const end = this.start + this.length
    return this.length > 0 && this.bytes[end - 1] === 0 ? end - 1 : end
  }

  /** The whole payload, NUL and all: a view that is valid as long as the transaction. */
  get payload(): Buffer {
    return this.bytes.subarray(this.start, this.start + this.length)
  }

  /** The record as it was read, with its header: for writing it to a file. */
  get record(): Buffer {
    return this.bytes.subarray(this.at * 4, this.follow * 4)
  }

  private nextStretch(): boolean {
    if (this.stretch >= this.stretches.length) return false
    const { block, from, to } = this.stretches[this.stretch++]
    this.words = block.words
    this.bytes = block.bytes
    this.follow = from
    this.to = to
    return from < to || this.nextStretch()
  }
}

const NO_WORDS = new Uint32Array(0)
const NO_BYTES = Buffer.alloc(0) as Latin1Bytes
