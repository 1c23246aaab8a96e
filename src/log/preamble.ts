import { digitsOf, type Latin1Buffer, putFraction, putInteger, putWallClock } from '../base/digits.ts'
import { END } from './ring.ts'
import { TAG, type TagMask } from './tags.ts'

/** Its records in order. Link is the session's, and the batch's own words follow it. */
const TAGS = [TAG.Link, TAG.Begin, TAG.Timestamp, TAG.Timestamp, TAG.VCL_use, TAG.ReqStart, TAG.ReqMethod]
const LINK = 0
const START = 2
const REQ = 3
/** No record of numbers is cut to this. */
const TEXT_MIN = 64
/** The wall clock has ten digits before the point until the year 2286. */
const WALL_MIN_MS = 1e12
const WALL_END_MS = 1e13
/** Before the point. */
const SECONDS_LENGTH = 10
const NOTHING = new Uint32Array(0)

/**
 * What the requests of one session begin with, from Link to ReqMethod, encoded: from one request to the next only the id and the time
 * change, and they keep their width. Bytes and words are counted from the first word.
 */
export class Preamble {
  session = -1
  rules = ''
  peer = ''
  method = ''
  /** Of the mask with which it was encoded. */
  generation = -1
  /** None until the session comes a second time. The first one says END, as the ring does where it is to be written. */
  words: Uint32Array = NOTHING
  /** The first word as it is to be. */
  first = 0
  records = 0
  batch_word = 0
  private bytes = bytesOf(NOTHING)
  /** Words that hold the request's id. */
  private readonly ids = new Int32Array(TAGS.length - 1)
  /** Where the text of the id is, in Link, and how many digits it has. */
  private id_at = 0
  private id_digits = 0
  /** Where the wall clock is, in Start and in Req. */
  private start_at = 0
  private req_at = 0
  /** The second that stands there. */
  private wall_s = 0

  /** Is it that of these requests? If not it will be. */
  claim(session: number, rules: string, peer: string, method: string, generation: number): boolean {
    const same = this.session === session && this.rules === rules && this.method === method && this.peer === peer
    if (same && this.generation === generation) return true
    this.session = session
    this.rules = rules
    this.peer = peer
    this.method = method
    this.generation = generation
    this.words = NOTHING
    return false
  }

  /** Can it be encoded: is nothing of it suppressed or cut? */
  static suits(mask: TagMask, text_max: number): boolean {
    return text_max >= TEXT_MIN && TAGS.every((tag) => mask[tag] === 0)
  }

  /** Is it encoded, and would the id and the time of a request have the width of those that were? */
  fits(xid: number, at_ms: number): boolean {
    return this.words !== NOTHING && this.hasWidth(xid, at_ms)
  }

  private hasWidth(xid: number, at_ms: number): boolean {
    return at_ms >= WALL_MIN_MS && at_ms < WALL_END_MS && digitsOf(xid) === this.id_digits
  }

  /** All of its records as they were encoded for a request. */
  learn(words: Uint32Array, header_words: number, records: number, xid: number, at_ms: number): void {
    this.id_digits = digitsOf(xid)
    if (!this.hasWidth(xid, at_ms)) return
    this.words = words
    this.bytes = bytesOf(words)
    this.wall_s = 0
    this.records = records
    let at = 0
    for (let n = 0; n < TAGS.length; n++) {
      const text_at = (at + header_words) * 4
      if (n === LINK) this.id_at = text_at + 'req '.length
      else this.ids[n - 1] = at + 1
      if (n === START) this.start_at = text_at + 'Start: '.length
      if (n === REQ) this.req_at = text_at + 'Req: '.length
      at += header_words + (((words[at] & 0xffff) + 3) >> 2)
      if (n === LINK) this.batch_word = at
      if (n === LINK) at += header_words
    }
    this.first = words[0]
    words[0] = END
  }

  /** Makes them those of a request that `fits`. */
  put(id: number, xid: number, at_ms: number): void {
    const { words, bytes, ids } = this
    for (let i = 0; i < ids.length; i++) words[ids[i]] = id
    putInteger(bytes, this.id_at, xid)
    const at_us = Math.round(at_ms * 1000)
    const part_us = at_us - this.wall_s * 1e6
    if (part_us < 0 || part_us >= 1e6) return this.putWall(at_us)
    putFraction(bytes, this.start_at + SECONDS_LENGTH, part_us)
    putFraction(bytes, this.req_at + SECONDS_LENGTH, part_us)
  }

  private putWall(at_us: number): void {
    putWallClock(this.bytes, this.start_at, at_us)
    putWallClock(this.bytes, this.req_at, at_us)
    this.wall_s = Math.floor(at_us / 1e6)
  }
}

function bytesOf(words: Uint32Array): Latin1Buffer {
  return Buffer.from(words.buffer) as Latin1Buffer
}
