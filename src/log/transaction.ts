import { assert } from '../base/assert.ts'
import { digitsOf, NO_NUMBER, putInteger, putMicroseconds, putText, putWallClock, widthOf } from '../base/digits.ts'
import { CHANGE_MAX, type Place, type ResponsePlace, type Run, Snippet } from './encoded.ts'
import { CLIENT } from './format.ts'
import { Preamble } from './preamble.ts'
import { COLON, NUMBERS_BYTES, Records, SPACE, type FieldLines } from './records.ts'
import { TAG } from './tags.ts'
import { TALLY } from './tally.ts'

export type TransactionKind = 'sess' | 'req' | 'bereq'

/** A response's head, as far as the log wants it. */
export interface HeadLines {
  readonly status: number
  readonly reason: string
  readonly fields: FieldLines
}

/** More than this is encoded each time. */
const ENCODED_BYTES_MAX = 2048
const AGE = 'Age'
const CACHE_STATUS = 'Cache-Status'
/** What separates them, and more digits than a ttl has. */
const TTL_BYTES = 20
/** Longest label of a timestamp; rules may choose it. */
const LABEL_MAX = 96

/**
 * The records of one session, request or fetch, collected in a pooled buffer as they will stand in the ring, and
 * written there as one batch when the transaction ends (in several when it is long or waits).
 *
 * A session lives long and says little: its records are written one by one, and it holds no buffer.
 */
export class Transaction extends Records {
  xid = 0

  /** `side` is CLIENT, BACKEND or 0. */
  start(xid: number, side: number): void {
    assert(!this.open, 'a pooled transaction was ended')
    this.open = true
    this.direct = false
    this.text_max = this.writer.text_max
    this.xid = xid
    this.sign(xid, side)
  }

  /** Records from here on are in that name. */
  private sign(xid: number, side: number): void {
    const together = (xid | side) >>> 0
    this.bits = side
    this.id = this.last === 1 ? together : xid
    this.side = this.last === 1 ? together : side
  }

  /** Status line and fields of a response to the client. */
  respHead(head: HeadLines): void {
    this.record(TAG.RespProtocol, 'HTTP/1.1')
    this.number(TAG.RespStatus, head.status)
    this.record(TAG.RespReason, head.reason)
    this.fields(TAG.RespHeader, head.fields)
  }

  /**
   * The same for a head that never changes, that of a stored response, with what is added to it: Content-Length and Age (-1: none),
   * `trace`, and Cache-Status ('': none) with the number it ends in (NO_NUMBER: none). `key` is the object's transaction id.
   */
  storedResponse(head: HeadLines, key: number, length_bytes: number, age_s: number, trace: Run, status = '', ttl_s = NO_NUMBER): void {
    const place = this.writer.encoded.response(key)
    const again = place.lines === head.fields && place.trace === trace && place.length_bytes === length_bytes && place.status === status
    if (again && place.encoded !== undefined && putNumbers(place, age_s, ttl_s)) return this.copy(place.encoded)
    place.lines = head.fields
    place.trace = trace
    place.length_bytes = length_bytes
    place.status = status
    place.encoded = undefined
    const mark = again ? this.mark() : undefined
    const from = this.at
    this.respHead(head)
    if (length_bytes >= 0) this.numberField(TAG.RespHeader, 'Content-Length', length_bytes)
    const age_at = this.at + this.header_bytes + AGE.length + 2 - from
    if (age_s >= 0) this.numberField(TAG.RespHeader, AGE, age_s)
    this.run(trace)
    const ttl_at = this.at + this.header_bytes + CACHE_STATUS.length + 2 + status.length - from
    if (ttl_s !== NO_NUMBER) this.countedField(TAG.RespHeader, CACHE_STATUS, status, ttl_s)
    else if (status !== '') this.field(TAG.RespHeader, CACHE_STATUS, status)
    if (mark !== undefined) this.remember(place, mark)
    place.ttl_s = ttl_s
    const whole = CACHE_STATUS.length + status.length + TTL_BYTES < this.text_max
    place.ttl_at = this.mask[TAG.RespHeader] === 0 && ttl_s !== NO_NUMBER && whole ? ttl_at : 0
    place.age_s = age_s
    place.age_at = this.mask[TAG.RespHeader] === 0 && age_s >= 0 ? age_at : 0
  }

  /** ReqProtocol and ReqHeader of lines that never change, in the place that `key` says; `forwarded` is X-Forwarded-For, if we have made it. */
  requestBlock(proto: string, lines: FieldLines, forwarded: string, key: number): void {
    const place = this.writer.encoded.block(key)
    const again = place.lines === lines && place.more === forwarded
    if (again && place.encoded !== undefined) return this.copy(place.encoded)
    place.lines = lines
    place.more = forwarded
    place.encoded = undefined
    const mark = again ? this.mark() : undefined
    this.record(TAG.ReqProtocol, proto)
    this.fields(TAG.ReqHeader, lines)
    if (forwarded !== '') this.field(TAG.ReqHeader, 'X-Forwarded-For', forwarded)
    if (mark !== undefined) this.remember(place, mark)
  }

  /** `field`, of a line that rules set or take out: they do the same to one request after another. */
  change(tag: number, name: string, value: string): void {
    if (this.mask[tag] !== 0) return
    if (value.length > CHANGE_MAX) return this.field(tag, name, value)
    const place = this.writer.encoded.change(tag, name, value)
    if (place.tag !== tag || place.value !== value || place.name !== name) {
      place.tag = tag
      place.name = name
      place.value = value
      place.encoded = undefined
      return this.field(tag, name, value)
    }
    if (place.encoded !== undefined && place.encoded.bits === this.bits) return this.copy(place.encoded)
    const mark = this.mark()
    this.field(tag, name, value)
    place.encoded = this.since(mark)
  }

  /** Records that never change. */
  run(run: Run): void {
    const { encoded } = run
    if (encoded !== undefined && run.generation === this.writer.encoded.generation && encoded.bits === this.bits) this.copy(encoded)
    else this.encodeRun(run)
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
    const place = this.writer.encoded.account
    const again = sameNumbers(place.numbers, tag, head1, body1, head2, body2)
    if (again && place.encoded !== undefined) return this.copy(place.encoded)
    const mark = again ? this.mark() : undefined
    this.accounted(tag, head1, body1, head2, body2)
    place.encoded = mark === undefined ? undefined : this.since(mark)
  }

  private accounted(tag: number, head1: number, body1: number, head2: number, body2: number): void {
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
    assert(this.at === 0, 'a request begins in an empty buffer')
    if (this.mask[TAG.Link] === 0) {
      this.sign(session, CLIENT)
      this.relation(TAG.Link, 'req', this.xid, 'rxreq')
      this.sign(this.xid, CLIENT)
      if (!this.eager) {
        this.batchWord = this.at >> 2
        this.at += this.header_bytes
      }
    }
    this.relation(TAG.Begin, 'req', session, 'rxreq')
    this.timestamp('Start', at_ms, 0, 0)
    this.timestamp('Req', at_ms, 0, 0)
  }

  /** `beginRequest`, VCL_use, ReqStart and ReqMethod, encoded once for each session. */
  receive(session: number, at_ms: number, rules: string, peer: string, method: string): void {
    const preamble = this.writer.encoded.preamble(session)
    const again = preamble.claim(session, rules, peer, method, this.writer.encoded.generation)
    if (again && preamble.fits(this.xid, at_ms)) return this.beginAs(preamble, at_ms)
    this.beginRequest(session, at_ms)
    this.record(TAG.VCL_use, rules)
    this.record(TAG.ReqStart, peer)
    this.record(TAG.ReqMethod, method)
    if (again && !this.eager && Preamble.suits(this.mask, this.text_max)) {
      const words = this.words.slice(0, this.at >> 2)
      preamble.learn(words, this.header_words, this.records, this.xid, at_ms)
    }
  }

  /** Names a child transaction, while this one has not ended. */
  link(kind: TransactionKind, child: number, reason: string): void {
    this.relation(TAG.Link, kind, child, reason)
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

  /** As earlier requests of its session. */
  protected beginAs(preamble: Preamble, at_ms: number): void {
    preamble.put(this.id, this.xid, at_ms)
    this.copyPreamble(preamble)
  }

  protected copyPreamble(preamble: Preamble): void {
    assert(this.at === 0, 'a request begins in an empty buffer')
    const { words: encoded } = preamble
    this.reserve(encoded.length * 4)
    this.words.set(encoded)
    this.words[0] = preamble.first
    this.batchWord = preamble.batch_word
    this.at = encoded.length * 4
    this.records = preamble.records
    if (this.eager) this.park()
  }

  private encodeRun(run: Run): void {
    const mark = this.mark()
    for (const [tag, text] of run.lines) this.record(tag, text)
    const encoded = this.since(mark)
    if (encoded === undefined) return
    run.encoded = encoded
    run.generation = this.writer.encoded.generation
  }

  private remember(place: Place, mark: Mark): void {
    const encoded = this.since(mark)
    if (encoded !== undefined) place.encoded = encoded
  }

  /** Records of an earlier transaction of the same side, as `since` has them. */
  recall(records: Snippet): void {
    this.copy(records)
  }

  /** Another one when the same would be written otherwise: the mask has changed. */
  get generation(): number {
    return this.writer.encoded.generation
  }

  /** What is written from here on is to be remembered: for the second time something is said, and no other. */
  mark(): Mark {
    this.reserve(0)
    return { at: this.at, flushes: this.writer.tally[TALLY.flushes] }
  }

  /** The words of the records that were written since, unless they are too many or the buffer was written out in between. */
  since(mark: Mark, bytes_max = ENCODED_BYTES_MAX): Snippet | undefined {
    const size_bytes = this.at - mark.at
    if (this.eager || mark.flushes !== this.writer.tally[TALLY.flushes] || size_bytes > bytes_max) return undefined
    if (size_bytes * 2 > this.writer.buffer_bytes) return undefined
    return new Snippet(this.words.slice(mark.at >> 2, this.at >> 2), this.header_words, this.bits)
  }
}

/** A place in a transaction. */
export interface Mark {
  readonly at: number
  readonly flushes: number
}

/** False when the age has another width than the one encoded, or there was none. */
function putNumbers(place: ResponsePlace, age_s: number, ttl_s: number): boolean {
  return putAge(place, age_s) && putTtl(place, ttl_s)
}

function putTtl(place: ResponsePlace, ttl_s: number): boolean {
  if (ttl_s === place.ttl_s) return true
  if (place.ttl_at === 0 || ttl_s === NO_NUMBER || widthOf(ttl_s) !== widthOf(place.ttl_s)) return false
  if (place.encoded !== undefined) putInteger(Buffer.from(place.encoded.words.buffer), place.ttl_at, ttl_s)
  place.ttl_s = ttl_s
  return true
}

function putAge(place: ResponsePlace, age_s: number): boolean {
  if (age_s === place.age_s) return true
  if (place.age_at === 0 || age_s < 0 || digitsOf(age_s) !== digitsOf(place.age_s)) return false
  if (place.encoded !== undefined) putInteger(Buffer.from(place.encoded.words.buffer), place.age_at, age_s)
  place.age_s = age_s
  return true
}

/** Are these the numbers of the last time? They are from now on. */
function sameNumbers(last: Float64Array, tag: number, head1: number, body1: number, head2: number, body2: number): boolean {
  if (last[0] === tag && last[1] === head1 && last[2] === body1 && last[3] === head2 && last[4] === body2) return true
  last[0] = tag
  last[1] = head1
  last[2] = body1
  last[3] = head2
  last[4] = body2
  return false
}
