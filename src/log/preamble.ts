import { digitsOf } from '../base/digits.ts'
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
  /** Undefined until the session comes a second time. */
  words: Uint32Array | undefined = undefined
  records = 0
  /** Words that hold the request's id. */
  readonly ids = new Int32Array(TAGS.length - 1)
  /** Where the text of the id is, in Link, and how many digits it has. */
  id_at = 0
  id_digits = 0
  /** Where the wall clock is, in Start and in Req. */
  start_at = 0
  req_at = 0
  batch_word = 0

  /** Is it that of these requests? If not it will be. */
  claim(session: number, rules: string, peer: string, method: string, generation: number): boolean {
    const same = this.session === session && this.rules === rules && this.method === method && this.peer === peer
    if (same && this.generation === generation) return true
    this.session = session
    this.rules = rules
    this.peer = peer
    this.method = method
    this.generation = generation
    this.words = undefined
    return false
  }

  /** Can it be encoded: is nothing of it suppressed or cut? */
  static suits(mask: TagMask, text_max: number): boolean {
    return text_max >= TEXT_MIN && TAGS.every((tag) => mask[tag] === 0)
  }

  /** Would the id and the time of a request have the width of those that were encoded? */
  fits(xid: number, at_ms: number): boolean {
    return at_ms >= WALL_MIN_MS && at_ms < WALL_END_MS && digitsOf(xid) === this.id_digits
  }

  /** All of its records as they were encoded for a request. */
  learn(words: Uint32Array, header_words: number, records: number, xid: number, at_ms: number): void {
    this.id_digits = digitsOf(xid)
    if (!this.fits(xid, at_ms)) return
    this.words = words
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
  }
}
