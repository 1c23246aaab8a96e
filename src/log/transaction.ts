import { assert } from '../base/assert.ts'
import type { Latin1Buffer } from '../base/digits.ts'
import { putInteger, putMicroseconds, putText, putWallClock, putWord } from '../base/digits.ts'
import type { Place, Run } from './encoded.ts'
import { BATCH, RECORD_WORDS } from './ring.ts'
import { TAG } from './tags.ts'
import type { LogBuffer, LogWriter } from './writer.ts'
import { TALLY } from './writer.ts'

export type TransactionKind = 'sess' | 'req' | 'bereq'

/** Field lines as http/ keeps them; log/ stands above http/ and knows only the shape. */
export interface FieldLines {
  readonly count: number
  readonly names: readonly string[]
  readonly values: readonly string[]
}

/** A response's head, as far as the log wants it. */
export interface HeadLines {
  readonly status: number
  readonly reason: string
  readonly fields: FieldLines
}

/** Transaction ids have 30 bits (VSLHEAD1) and wrap; 0 is no transaction. */
export const XID_MASK = 0x3fffffff
/** Set in the ids of sessions and requests. */
export const CLIENT = 0x40000000
const RECORD_BYTES = RECORD_WORDS * 4
const SPACE = 32
const COLON = 58
/** Most bytes a record of numbers can take: eight of 17 characters and two words. */
const NUMBERS_BYTES = 192
/** More than this is encoded each time. */
const ENCODED_BYTES_MAX = 2048
/** Below this many words a loop is faster than the call. */
const LOOP_WORDS = 16
/** Longest label of a timestamp; rules may choose it. */
const LABEL_MAX = 96
const NOTHING: LogBuffer = { bytes: Buffer.alloc(0) as Latin1Buffer, words: new Uint32Array(0) }

/**
 * The records of one session, request or fetch, collected in a pooled buffer as they will stand in the ring, and
 * written there as one batch when the transaction ends (in several when it is long or waits).
 *
 * A session lives long and says little: its records are written one by one, and it holds no buffer.
 */
export class Transaction {
  /** Each record is written at once, on its own. */
  direct = false
  private readonly writer: LogWriter
  private readonly mask: Uint8Array
  private readonly text_max: number
  private buffer = NOTHING
  /** Those of `buffer`. */
  private bytes = NOTHING.bytes
  private words = NOTHING.words
  private limit_bytes = 0
  private at = 0
  /** In the buffer. */
  private records = 0
  /** Second word of every record: id and side. */
  private id = 0
  private open = false
  /** Where a batch's own words go when a link stands before it, else 0. */
  private batchWord = 0

  constructor(writer: LogWriter) {
    this.writer = writer
    this.mask = writer.mask
    this.text_max = writer.text_max
  }

  get xid(): number {
    return this.id & XID_MASK
  }

  start(id: number): void {
    assert(!this.open, 'a pooled transaction was ended')
    this.open = true
    this.direct = false
    this.id = id
  }

  record(tag: number, text: string): void {
    if (this.mask[tag] !== 0) return
    const kept = text.length > this.text_max ? text.slice(0, this.text_max) : text
    const start = this.reserve(kept.length)
    this.finish(tag, start, putText(this.bytes, start, kept))
  }

  /** A record whose text is put together from words, with spaces between them: up to six, so that no string is made of them. */
  spaced(tag: number, a: string, b: string, c = '', d = '', e = '', f = ''): void {
    if (this.mask[tag] !== 0) return
    const length = a.length + b.length + c.length + d.length + e.length + f.length + 6
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
    const length = name.length + 2 + value.length
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
    if (this.mask[tag] !== 0) return
    const start = this.reserve(name.length + NUMBERS_BYTES)
    const { bytes } = this
    const at = putText(bytes, start, name)
    bytes[at] = COLON
    bytes[at + 1] = SPACE
    this.finish(tag, start, putInteger(bytes, at + 2, value))
  }

  fields(tag: number, lines: FieldLines): void {
    if (this.mask[tag] !== 0) return
    for (let i = 0; i < lines.count; i++) this.field(tag, lines.names[i], lines.values[i])
  }

  /** Status line and fields of a response to the client. */
  respHead(head: HeadLines): void {
    this.record(TAG.RespProtocol, 'HTTP/1.1')
    this.number(TAG.RespStatus, head.status)
    this.record(TAG.RespReason, head.reason)
    this.fields(TAG.RespHeader, head.fields)
  }

  /** The same for a head that never changes, that of a stored response; `key` is the object's transaction id. */
  storedHead(head: HeadLines, key: number): void {
    const place = this.writer.encoded.place(key)
    if (place.lines !== head.fields) {
      place.lines = head.fields
      place.words = undefined
      this.respHead(head)
    } else if (place.words !== undefined) {
      this.copy(place.words, place.records)
    } else {
      this.encode(place, head)
    }
  }

  /** Records that never change. */
  run(run: Run): void {
    if (run.generation === this.writer.encoded.generation && run.words !== undefined) this.copy(run.words, run.records)
    else this.encodeRun(run)
  }

  number(tag: number, value: number): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    this.finish(tag, start, putInteger(this.bytes, start, value))
  }

  /** "Label: 1700000000.000000 0.000123 0.000045": wall clock, since the transaction's start, since the label before. */
  timestamp(label: string, at_ms: number, sinceStart_ms: number, sinceLast_ms: number): void {
    if (this.mask[TAG.Timestamp] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const { bytes } = this
    let at = putText(bytes, start, label.length > LABEL_MAX ? label.slice(0, LABEL_MAX) : label)
    bytes[at] = COLON
    bytes[at + 1] = SPACE
    at = putWallClock(bytes, at + 2, Math.round(at_ms * 1000))
    bytes[at] = SPACE
    at = putMicroseconds(bytes, at + 1, Math.round(sinceStart_ms * 1000))
    bytes[at] = SPACE
    this.finish(TAG.Timestamp, start, putMicroseconds(bytes, at + 1, Math.round(sinceLast_ms * 1000)))
  }

  /** Hit: the transaction that made the object, then what is left of ttl, grace and keep, in seconds. */
  hit(objectXid: number, ttl_s: number, grace_s: number, keep_s: number): void {
    if (this.mask[TAG.Hit] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const { bytes } = this
    let at = putInteger(bytes, start, objectXid)
    bytes[at] = SPACE
    at = putMicroseconds(bytes, at + 1, Math.round(ttl_s * 1e6))
    bytes[at] = SPACE
    at = putMicroseconds(bytes, at + 1, Math.round(grace_s * 1e6))
    bytes[at] = SPACE
    this.finish(TAG.Hit, start, putMicroseconds(bytes, at + 1, Math.round(keep_s * 1e6)))
  }

  /** HitMiss or HitPass: the transaction that made the marker, and what is left of it in seconds. */
  marker(tag: number, xid: number, left_s: number): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const at = putInteger(this.bytes, start, xid)
    this.bytes[at] = SPACE
    this.finish(tag, start, putMicroseconds(this.bytes, at + 1, Math.round(left_s * 1e6)))
  }

  /** ReqAcct or BereqAcct: head, body and sum of the first direction, then of the second. */
  account(tag: number, head1: number, body1: number, head2: number, body2: number): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const { bytes } = this
    let at = putInteger(bytes, start, head1)
    bytes[at] = SPACE
    at = putInteger(bytes, at + 1, body1)
    bytes[at] = SPACE
    at = putInteger(bytes, at + 1, head1 + body1)
    bytes[at] = SPACE
    at = putInteger(bytes, at + 1, head2)
    bytes[at] = SPACE
    at = putInteger(bytes, at + 1, body2)
    bytes[at] = SPACE
    this.finish(tag, start, putInteger(bytes, at + 1, head2 + body2))
  }

  /** The first record. `parent` is 0 for a session. */
  begin(kind: TransactionKind, parent: number, reason: string): void {
    if (kind === 'sess') this.direct = true
    this.relation(TAG.Begin, kind, parent, reason)
  }

  /**
   * The first records of a request: Link in the name of its session, Begin, Start and Req (the whole head is there at once).
   * The link is written together with the request's first batch; a request that waits parks, so that it is written while
   * the session is open.
   */
  beginRequest(session: number, at_ms: number): void {
    const { id, mask } = this
    assert(this.at === 0, 'a request begins in an empty buffer')
    if (mask[TAG.Link] === 0) {
      this.id = (session | CLIENT) >>> 0
      this.relation(TAG.Link, 'req', id & XID_MASK, 'rxreq')
      this.id = id
      this.batchWord = this.at >> 2
      this.at += RECORD_BYTES
    }
    this.relation(TAG.Begin, 'req', session, 'rxreq')
    this.timestamp('Start', at_ms, 0, 0)
    this.timestamp('Req', at_ms, 0, 0)
  }

  /** Names a child transaction, while this one has not ended. */
  link(kind: TransactionKind, child: number, reason: string): void {
    this.relation(TAG.Link, kind, child, reason)
  }

  /** Writes what there is and lets go of the buffer: for a transaction that is going to wait. */
  park(): void {
    this.flush()
    this.release()
  }

  /** Writes End and everything not yet written. The object belongs to somebody else afterwards. */
  end(): void {
    this.record(TAG.End, '')
    this.close()
  }

  /** As `end`, without the record. */
  close(): void {
    assert(this.open, 'a transaction ends once')
    this.open = false
    this.park()
    this.writer.giveTransaction(this)
  }

  private relation(tag: number, kind: TransactionKind, other: number, reason: string): void {
    if (this.mask[tag] !== 0) return
    const start = this.reserve(NUMBERS_BYTES)
    const { bytes } = this
    let at = putText(bytes, start, kind)
    bytes[at] = SPACE
    at = putInteger(bytes, at + 1, other)
    bytes[at] = SPACE
    this.finish(tag, start, putText(bytes, at + 1, reason))
  }

  /** Position for a payload of at most `length` characters and its NUL. */
  private reserve(length: number): number {
    if (this.at + RECORD_BYTES + length + 4 > this.limit_bytes) this.makeRoom()
    return this.at + RECORD_BYTES
  }

  private finish(tag: number, start: number, written: number): void {
    const end = written - start > this.text_max ? start + this.text_max : written
    // NUL; up to three bytes of padding follow, which readers skip.
    this.bytes[end] = 0
    const word = this.at >> 2
    this.words[word] = (tag << 24) | (end + 1 - start)
    this.words[word + 1] = this.id
    this.at = (end + 4) & ~3
    this.records++
    if (this.direct) this.park()
  }

  /** Writes a head and remembers its words, unless the buffer was written out in between. */
  private encode(place: Place, head: HeadLines): void {
    this.reserve(0)
    const from = this.at
    const { records } = this
    const flushes = this.writer.tally[TALLY.flushes]
    this.respHead(head)
    const size_bytes = this.at - from
    if (this.direct || flushes !== this.writer.tally[TALLY.flushes] || size_bytes > ENCODED_BYTES_MAX) return
    if (size_bytes * 2 > this.writer.buffer_bytes) return
    place.words = this.words.slice(from >> 2, this.at >> 2)
    place.records = this.records - records
  }

  private encodeRun(run: Run): void {
    const from = this.at
    const { records } = this
    const flushes = this.writer.tally[TALLY.flushes]
    for (const [tag, text] of run.lines) this.record(tag, text)
    if (this.direct || from === 0 || flushes !== this.writer.tally[TALLY.flushes]) return
    run.words = this.words.slice(from >> 2, this.at >> 2)
    run.records = this.records - records
    run.generation = this.writer.encoded.generation
  }

  /** Appends encoded records as ours. */
  private copy(encoded: Uint32Array, count: number): void {
    const { length } = encoded
    this.reserve(length * 4)
    const { words } = this
    const to = this.at >> 2
    if (length < LOOP_WORDS) for (let i = 0; i < length; i++) words[to + i] = encoded[i]
    else words.set(encoded, to)
    for (let i = 0; i < length; i += RECORD_WORDS + (((encoded[i] & 0xffff) + 3) >> 2)) words[to + i + 1] = this.id
    this.at += length * 4
    this.records += count
  }

  private makeRoom(): void {
    assert(this.open, 'records are written to an open transaction')
    if (this.at > 0) {
      this.writer.tally[TALLY.flushes]++
      return this.flush()
    }
    this.hold(this.writer.takeBuffer())
  }

  private flush(): void {
    if (this.at === 0) return
    this.writer.tally[TALLY.records] += this.records
    this.records = 0
    if (this.batchWord > 0) this.writeLinked()
    else if (this.direct) this.writer.writeSingle(this.bytes, this.at, this.words[0])
    else this.writer.writeBatch(this.bytes, this.at)
    this.at = 0
  }

  /** A link in another's name stands before the batch: in one piece, so that it costs no write of its own. */
  private writeLinked(): void {
    const { words, batchWord } = this
    words[batchWord] = BATCH
    words[batchWord + 1] = this.at - batchWord * 4 - RECORD_BYTES
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
