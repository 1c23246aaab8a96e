import { lengthOf } from '../base/characters.ts'
import { assert } from '../base/assert.ts'
import type { Latin1Buffer } from '../base/digits.ts'
import { putInteger, putText, putWord } from '../base/digits.ts'
import type { Snippet } from './encoded.ts'
import { BATCH } from './ring.ts'
import type { LogBuffer, LogWriter } from './writer.ts'
import { TALLY } from './tally.ts'

/** Field lines as http/ keeps them; log/ stands above http/ and knows only the shape. */
export interface FieldLines {
  readonly count: number
  readonly names: readonly string[]
  readonly values: readonly string[]
}

export const SPACE = 32
export const COLON = 58
/** Most bytes a record of numbers can take: eight of 17 characters and two words. */
export const NUMBERS_BYTES = 192
/** Below this many words a loop is faster than the call. */
const LOOP_WORDS = 16
const NOTHING: LogBuffer = { bytes: Buffer.alloc(0) as Latin1Buffer, words: new Uint32Array(0) }

/** Records of one transaction in a pooled buffer, as they will stand in the ring. */
export abstract class Records {
  protected readonly writer: LogWriter
  protected readonly mask: Uint8Array
  /** The writer's, as it was when this was opened. */
  protected text_max: number
  /** First words of records by tag, words and bytes before a payload, and position of the head's last word. */
  protected readonly firsts: Uint32Array
  protected readonly header_words: number
  protected readonly header_bytes: number
  protected readonly last: number
  private is_direct = false
  /** Records are not collected. */
  protected eager = false
  private buffer = NOTHING
  /** Those of `buffer`. */
  protected bytes = NOTHING.bytes
  protected words = NOTHING.words
  private limit_bytes = 0
  protected at = 0
  /** In the buffer. */
  protected records = 0
  /** Second word of every record, and the last of its head: id and side in one, or each in its own. */
  protected id = 0
  protected side = 0
  /** Of the side alone. */
  protected bits = 0
  protected open = false
  /** Where a batch's own words go when a link stands before it, else 0. */
  protected batchWord = 0

  constructor(writer: LogWriter) {
    this.writer = writer
    this.mask = writer.mask
    this.text_max = writer.text_max
    this.firsts = writer.format.firsts
    this.header_words = writer.format.header_words
    this.header_bytes = this.header_words * 4
    this.last = this.header_words - 1
  }

  /** Each record is written at once, on its own. */
  get direct(): boolean {
    return this.is_direct
  }

  set direct(yes: boolean) {
    this.is_direct = yes
    this.eager = yes || this.writer.sync
  }

  /** What is not to be asked for before it is known that somebody wants it. */
  masks(tag: number): boolean {
    return this.mask[tag] !== 0
  }

  record(tag: number, text: string): void {
    if (this.mask[tag] !== 0) return
    const length = lengthOf(text)
    const kept = length > this.text_max ? text.slice(0, this.text_max) : text
    const start = this.reserve(Math.min(length, this.text_max))
    this.finish(tag, start, putText(this.bytes, start, kept))
  }

  /** A record whose text is put together from words, with spaces between them: up to six, so that no string is made of them. */
  spaced(tag: number, a: string, b: string, c = '', d = '', e = '', f = ''): void {
    if (this.mask[tag] !== 0) return
    const length = lengthOf(a) + lengthOf(b) + lengthOf(c) + lengthOf(d) + lengthOf(e) + lengthOf(f) + 6
    if (length > this.text_max) return this.record(tag, `${a} ${b} ${c} ${d} ${e} ${f}`.trimEnd())
    const start = this.reserve(length)
    const { bytes } = this
    let at = putText(bytes, start, a)
    at = putWord(bytes, at, b)
    at = putWord(bytes, at, c)
    at = putWord(bytes, at, d)
    at = putWord(bytes, at, e)
    this.finish(tag, start, putWord(bytes, at, f))
  }

  /** "RFC 120 10 0 1700000000 cacheable": whole numbers between two words. */
  numbers(tag: number, word: string, values: Float64Array, count: number, last: string): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const { bytes } = this
    let at = putText(bytes, start, word)
    for (let i = 0; i < count; i++) {
      bytes[at] = SPACE
      at = putInteger(bytes, at + 1, Math.round(values[i]))
    }
    this.finish(tag, start, putWord(bytes, at, last))
  }

  /** "Name: value". */
  field(tag: number, name: string, value: string): void {
    if (this.mask[tag] !== 0) return
    const length = lengthOf(name) + 2 + lengthOf(value)
    if (length > this.text_max) return this.record(tag, `${name}: ${value}`)
    const start = this.reserve(length)
    const { bytes } = this
    const at = putText(bytes, start, name)
    bytes[at] = COLON
    bytes[at + 1] = SPACE
    this.finish(tag, start, putText(bytes, at + 2, value))
  }

  /** "Name: 123". */
  numberField(tag: number, name: string, value: number): void {
    this.countedField(tag, name, '', value)
  }

  /** "Name: text123". */
  countedField(tag: number, name: string, text: string, value: number): void {
    if (this.mask[tag] !== 0) return
    if (name.length + text.length > this.text_max) return this.record(tag, `${name}: ${text}${value}`)
    const start = this.reserve(name.length + text.length + NUMBERS_BYTES)
    const { bytes } = this
    const at = putText(bytes, start, name)
    bytes[at] = COLON
    bytes[at + 1] = SPACE
    this.finish(tag, start, putInteger(bytes, putText(bytes, at + 2, text), value))
  }

  fields(tag: number, lines: FieldLines): void {
    if (this.mask[tag] !== 0) return
    for (let i = 0; i < lines.count; i++) this.field(tag, lines.names[i], lines.values[i])
  }

  number(tag: number, value: number): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    this.finish(tag, start, putInteger(this.bytes, start, value))
  }

  /** Writes what there is and lets go of the buffer: for a transaction that is going to wait. */
  park(): void {
    this.flush()
    this.release()
  }

  /** Position for a payload of at most `length` characters and its NUL. */
  protected reserve(length: number): number {
    if (this.at + this.header_bytes + length + 4 > this.limit_bytes) this.makeRoom(length)
    return this.at + this.header_bytes
  }

  protected finish(tag: number, start: number, written: number): void {
    const end = written - start > this.text_max ? start + this.text_max : written
    // NUL; up to three bytes of padding follow, which readers skip.
    this.bytes[end] = 0
    const { words } = this
    const word = this.at >> 2
    words[word] = this.firsts[tag] | (end + 1 - start)
    words[word + 1] = this.id
    words[word + this.last] = this.side
    this.at = (end + 4) & ~3
    this.records++
    if (this.eager) this.writeAtOnce()
  }

  /** Appends encoded records as ours. */
  protected copy(encoded: Snippet): void {
    const { words: from, ids } = encoded
    const { length } = from
    const count = ids.length
    this.reserve(length * 4)
    const { words, id } = this
    const to = this.at >> 2
    if (length < LOOP_WORDS) for (let i = 0; i < length; i++) words[to + i] = from[i]
    else words.set(from, to)
    for (let i = 0; i < count; i++) words[to + ids[i]] = id
    this.at += length * 4
    this.records += count
    if (this.eager) this.writeAtOnce()
  }

  /** A session gives its buffer back. */
  private writeAtOnce(): void {
    if (this.is_direct) this.park()
    else this.flush()
  }

  /** Writes what has been noted only. */
  unfold(): void {}

  private makeRoom(length: number): void {
    assert(this.open, 'records are written to an open transaction')
    this.unfold()
    if (this.at + this.header_bytes + length + 4 <= this.limit_bytes) return
    if (this.at > 0) {
      this.writer.tally[TALLY.flushes]++
      this.flush()
    }
    // Buffers may have become larger since it was taken.
    if (this.limit_bytes < this.writer.buffer_bytes) this.hold(this.writer.takeBuffer())
  }

  private flush(): void {
    if (this.at === 0) return
    this.writer.tally[TALLY.records] += this.records
    this.records = 0
    if (this.batchWord > 0) this.writeLinked()
    else if (this.is_direct) this.writer.writeSingle(this.bytes, this.at, this.words[0])
    else this.writer.writeBatch(this.bytes, this.at)
    this.at = 0
  }

  /** A link in another's name stands before the batch: in one piece, so that it costs no write of its own. */
  private writeLinked(): void {
    const { words, batchWord } = this
    words[batchWord] = BATCH
    words[batchWord + this.last] = 0
    words[batchWord + 1] = this.at - batchWord * 4 - this.header_bytes
    this.batchWord = 0
    this.writer.writeSingle(this.bytes, this.at, words[0])
  }

  private release(): void {
    if (this.limit_bytes === 0) return
    this.writer.giveBuffer(this.buffer)
    this.hold(NOTHING)
  }

  private hold(buffer: LogBuffer): void {
    this.buffer = buffer
    this.bytes = buffer.bytes
    this.words = buffer.words
    this.limit_bytes = buffer.bytes.length
  }
}
