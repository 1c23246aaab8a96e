import type { LogFormat, LogVersion } from './format.ts'
import { RingClaims } from './claims.ts'
import { BATCH, formatRing, HEAD_BYTES, type RingMemory, RingView } from './ring.ts'
import { TAG } from './tags.ts'

/** A ring as one thread has it. */
export interface RingSeat {
  readonly memory: RingMemory
  /** RingClaims, of all who write to it. */
  readonly claims: SharedArrayBuffer
  /** Whose: a worker's slot, or MANAGER. */
  readonly thread: number
}

/** What stands in place of a block whose writer has died. */
const FILLER = 'log: a worker ended while it wrote what stood here\0'
/** The length of a record has 16 bits. */
const FILLER_WORDS_MAX = 16_000
/** No block is smaller. */
const BLOCK_WORDS_MIN = 4

/** A new ring with nobody else who writes to it. */
export function ownRing(memory: RingMemory, version: LogVersion): RingSeat {
  formatRing(memory, version)
  return { memory, claims: RingClaims.memory(), thread: 0 }
}

/** The writing side of a ring, one for each thread. */
export class RingWriter {
  readonly format: LogFormat
  readonly claims: RingClaims
  /** Blocks for which there was no room to be had in time. */
  lost = 0
  private readonly view: RingView
  private readonly words: Uint32Array
  private readonly bytes: Buffer
  private readonly header_words: number
  private readonly last: number

  constructor({ memory, claims, thread }: RingSeat) {
    this.view = new RingView(memory)
    this.format = this.view.format
    this.header_words = this.format.header_words
    this.last = this.header_words - 1
    this.words = this.view.words
    this.bytes = Buffer.from(memory, HEAD_BYTES, this.words.byteLength)
    this.claims = new RingClaims(this.view, claims, thread)
  }

  /** Largest block that may be appended. */
  get block_bytes_max(): number {
    return this.view.segment_words * 4
  }

  /** Appends one batch around `size_bytes` of complete records of one transaction. */
  batch(records: Buffer, size_bytes: number): void {
    const { words, header_words } = this
    const p = this.claims.claim(header_words + size_bytes / 4)
    if (p < 0) return this.lose()
    words[p + this.last] = 0
    words[p + 1] = size_bytes
    records.copy(this.bytes, (p + header_words) * 4, 0, size_bytes)
    this.claims.publish(p, BATCH)
  }

  /** Appends what begins with that word, with the head it has. */
  single(record: Buffer, size_bytes: number, first: number): void {
    const p = this.claims.claim(size_bytes / 4)
    if (p < 0) return this.lose()
    record.copy(this.bytes, (p + 1) * 4, 4, size_bytes)
    this.claims.publish(p, first)
  }

  /**
   * The same in two pieces. The first word of the first says END, as what it is written over; `ids` are the words of the second that are to be `id`: to change
   * them before they are copied would have the copy wait for the changes.
   */
  two(first: Uint32Array, second: Uint32Array, ids: Int32Array, id: number, firstWord: number): void {
    const { words } = this
    const p = this.claims.claim(first.length + second.length)
    if (p < 0) return this.lose()
    const at = p + first.length
    words.set(first, p)
    words.set(second, at)
    for (let i = 0; i < ids.length; i++) words[at + ids[i]] = id
    this.claims.publish(p, firstWord)
  }

  /** For the manager, when that thread has ended: whatever it was writing, readers get past it. */
  releaseAllOf(thread: number): void {
    this.claims.release(thread, (start, size) => this.fill(start, size))
  }

  private lose(): void {
    this.lost++
  }

  /** With records of nobody's, the first one last: it makes all of them visible. */
  private fill(from: number, size: number): void {
    const { words, bytes, header_words } = this
    const starts: number[] = []
    for (let at = from; at < from + size;) {
      starts.push(at)
      const left = from + size - at
      at += left - FILLER_WORDS_MAX >= BLOCK_WORDS_MIN ? FILLER_WORDS_MAX : left
    }
    let end = from + size
    for (const at of starts.toReversed()) {
      const length_bytes = (end - at - header_words) * 4
      words.fill(0, at + 1, end)
      bytes.write(FILLER, (at + header_words) * 4, Math.min(FILLER.length, length_bytes - 1), 'latin1')
      Atomics.store(words, at, this.format.firsts[TAG.Error] | length_bytes)
      end = at
    }
  }
}
