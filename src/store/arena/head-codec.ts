import { Fields } from '../../http/fields.ts'
import { appendLines } from '../../http/write.ts'
import type { ObjectHead } from '../contract.ts'
import { roundUp } from './geometry.ts'

// A head as bytes: five doubles, words, then the strings. Byte offsets; the beginning lies on a multiple of 8. A million objects are a million heads:
// lengths that cannot be large share words with others. No head has 256 KiB (`ObjectWriter.placeHead`), so 18 bits hold the length of a string.
const T_ORIGIN = 0
const TTL = 8
const GRACE = 16
const KEEP = 24
const XID = 32
/** The status (65535 at most), and above it the lower half of the flags. */
const STATUS = 36
/** Length of the id, and above it that of the reason. */
const ID = 40
/** Length of the text, and above it how many tags there are: pairs of words, behind the strings. */
const TEXT = 44
/** Length of the hidden text; above it the upper flags (24 bits in all); above them whether it can be validated. */
const HIDDEN = 48
/** The serial that the object began with. */
const BORN = 52
const EXPECTED = 56
/** What the object has been checked against, and a sum of that: the only words that change once it is complete. */
export const CHECKED = 64
const CHECKED_SUM = 68
export const CHECKED_END = 72
const STRINGS = 72
/** Of a head without a word of text. */
export const LEAST_HEAD_BYTES = STRINGS

const LENGTH_BITS = 18
const LENGTH_MASK = 2 ** LENGTH_BITS - 1
const REASON_BYTES_MAX = 2 ** (32 - LENGTH_BITS) - 1
const HALF_BITS = 16
const HALF_MASK = 0xffff
const UPPER_FLAGS_MASK = 0xff
const VALIDATABLE_BIT = LENGTH_BITS + 8

interface Latin1 {
  latin1Write(text: string, offset: number): number
  latin1Slice(from: number, to: number): string
  utf8Write(text: string, offset: number): number
  utf8Slice(from: number, to: number): string
}

/** Bytes that the head and its id take: too many for any store, if its reason is longer than can be said. */
export function headSize(id: string, head: ObjectHead, tag_words = 2 * (head.tags?.length ?? 0)): number {
  if (head.reason.length > REASON_BYTES_MAX) return Infinity
  const strings = STRINGS + Buffer.byteLength(id) + head.reason.length + head.headText.length + (head.hiddenText?.length ?? 0)
  return roundUp(strings, 4) + 4 * tag_words
}

/** `at` is a byte offset of the arena. Field lines are those of `headText`, so the text is all that is kept of them. */
export function encodeHead(
  bytes: Buffer,
  doubles: Float64Array,
  words: Int32Array,
  at: number,
  id: string,
  head: ObjectHead,
  expected_bytes: number,
  serial: number,
  tags: Int32Array,
): void {
  const d = at / 8
  const w = at / 4
  doubles[d + T_ORIGIN / 8] = head.t_origin_ms
  doubles[d + TTL / 8] = head.ttl_ms
  doubles[d + GRACE / 8] = head.grace_ms
  doubles[d + KEEP / 8] = head.keep_ms
  doubles[d + EXPECTED / 8] = expected_bytes
  words[w + XID / 4] = head.xid
  words[w + STATUS / 4] = head.status | (head.flags << HALF_BITS)
  words[w + BORN / 4] = serial
  setChecked(words, at, serial)
  // Node ends the process when optimised code has it write text into a buffer of which more than 4 GiB are left.
  const text = bytes.subarray(at + STRINGS, at + headSize(id, head, tags.length)) as unknown as Latin1
  const id_bytes = text.utf8Write(id, 0)
  const reason_bytes = text.latin1Write(head.reason, id_bytes)
  const text_bytes = text.latin1Write(head.headText, id_bytes + reason_bytes)
  const hidden_bytes = head.hiddenText === undefined ? 0 : text.latin1Write(head.hiddenText, id_bytes + reason_bytes + text_bytes)
  const above_hidden = ((head.flags >> HALF_BITS) & UPPER_FLAGS_MASK) << LENGTH_BITS
  words[w + ID / 4] = id_bytes | (reason_bytes << LENGTH_BITS)
  words[w + TEXT / 4] = text_bytes | ((tags.length / 2) << LENGTH_BITS)
  words[w + HIDDEN / 4] = hidden_bytes | above_hidden | ((head.validatable ? 1 : 0) << VALIDATABLE_BIT)
  words.set(tags, tagsAt(words, at) / 4)
}

/** Where the hashes of the tags are. */
export function tagsAt(words: Int32Array, at: number): number {
  const w = at / 4
  const lengths = (words[w + TEXT / 4] & LENGTH_MASK) + (words[w + HIDDEN / 4] & LENGTH_MASK)
  return roundUp(textAt(words, at) + lengths, 4)
}

/** How many there are, in a head of that size. */
export function tagPairs(words: Int32Array, at: number, head_bytes: number): number {
  return Math.max(0, Math.min(words[(at + TEXT) / 4] >>> LENGTH_BITS, (at + head_bytes - tagsAt(words, at)) >> 3))
}

/** A head that was copied has other times. */
export function setTimes(doubles: Float64Array, at: number, { t_origin_ms, ttl_ms, grace_ms, keep_ms }: ObjectHead): void {
  const d = at / 8
  doubles[d + T_ORIGIN / 8] = t_origin_ms
  doubles[d + TTL / 8] = ttl_ms
  doubles[d + GRACE / 8] = grace_ms
  doubles[d + KEEP / 8] = keep_ms
}

/** Is it that id's? */
export function idIs(bytes: Buffer, words: Int32Array, at: number, id: string): boolean {
  return idOf(bytes, words, at) === id
}

export function idOf(bytes: Buffer, words: Int32Array, at: number): string {
  const from = at + STRINGS
  return (bytes as unknown as Latin1).utf8Slice(from, reasonAt(words, at))
}

export function expectedBytes(doubles: Float64Array, at: number): number {
  return doubles[at / 8 + EXPECTED / 8]
}

/** The body is complete: what was announced, or not, is known now. */
export function setExpectedBytes(doubles: Float64Array, at: number, bytes: number): void {
  doubles[at / 8 + EXPECTED / 8] = bytes
}

export function checkedOf(words: Int32Array, at: number): number {
  return Atomics.load(words, at / 4 + CHECKED / 4)
}

/** By any worker at any time: of two at once either may win, and the sum may be the other's, so that the next process begins anew. */
export function setChecked(words: Int32Array, at: number, serial: number): void {
  Atomics.store(words, at / 4 + CHECKED / 4, serial)
  Atomics.store(words, at / 4 + CHECKED_SUM / 4, checkedSum(serial))
}

function bornOf(words: Int32Array, at: number): number {
  return words[at / 4 + BORN / 4]
}

/** Another process has written it, and the check sum of the head does not cover it. */
export function mistrustChecked(words: Int32Array, at: number): void {
  if (Atomics.load(words, at / 4 + CHECKED_SUM / 4) !== checkedSum(checkedOf(words, at))) setChecked(words, at, bornOf(words, at))
}

/** Not 0 for 0. */
function checkedSum(serial: number): number {
  return Math.imul(serial ^ 0x5bd1e995, 0x9e3779b1)
}

/** When nothing of the head is of use any more (`objectEnd_ms`), without decoding it. */
export function endOf_ms(doubles: Float64Array, at: number): number {
  const d = at / 8
  return doubles[d] + doubles[d + TTL / 8] + doubles[d + GRACE / 8] + doubles[d + KEEP / 8]
}

/** Until when it is fresh. */
export function freshUntil_ms(doubles: Float64Array, at: number): number {
  return doubles[at / 8 + T_ORIGIN / 8] + doubles[at / 8 + TTL / 8]
}

export function xidOf(words: Int32Array, at: number): number {
  return words[at / 4 + XID / 4] >>> 0
}

export function statusOf(words: Int32Array, at: number): number {
  return words[at / 4 + STATUS / 4] & HALF_MASK
}

function reasonAt(words: Int32Array, at: number): number {
  return at + STRINGS + (words[at / 4 + ID / 4] & LENGTH_MASK)
}

function textAt(words: Int32Array, at: number): number {
  return reasonAt(words, at) + (words[at / 4 + ID / 4] >>> LENGTH_BITS)
}

export function decodeHead(bytes: Buffer, doubles: Float64Array, words: Int32Array, at: number): ObjectHead {
  const text = bytes as unknown as Latin1
  const d = at / 8
  const w = at / 4
  const text_at = textAt(words, at)
  const hidden_at = text_at + (words[w + TEXT / 4] & LENGTH_MASK)
  const after_text = words[w + HIDDEN / 4]
  const head = new DecodedHead(text.latin1Slice(text_at, hidden_at))
  const hidden_bytes = after_text & LENGTH_MASK
  if (hidden_bytes > 0) head.hiddenText = text.latin1Slice(hidden_at, hidden_at + hidden_bytes)
  head.reason = text.latin1Slice(reasonAt(words, at), text_at)
  head.t_origin_ms = doubles[d + T_ORIGIN / 8]
  head.ttl_ms = doubles[d + TTL / 8]
  head.grace_ms = doubles[d + GRACE / 8]
  head.keep_ms = doubles[d + KEEP / 8]
  head.xid = xidOf(words, at)
  head.status = statusOf(words, at)
  head.flags = (words[w + STATUS / 4] >>> HALF_BITS) | (((after_text >>> LENGTH_BITS) & UPPER_FLAGS_MASK) << HALF_BITS)
  head.validatable = ((after_text >>> VALIDATABLE_BIT) & 1) === 1
  return head
}

/** Field lines are taken apart when somebody asks for them: most hits send the text as it is. */
class DecodedHead implements ObjectHead {
  xid = 0
  status = 0
  reason = ''
  t_origin_ms = 0
  ttl_ms = 0
  grace_ms = 0
  keep_ms = 0
  flags = 0
  validatable = false
  readonly headText: string
  hiddenText: string | undefined = undefined
  private parsed: Fields | undefined = undefined

  constructor(headText: string) {
    this.headText = headText
  }

  get fields(): Fields {
    return (this.parsed ??= fieldsOf(this.headText))
  }
}

/** The field lines of "HTTP/1.1 200 OK\r\nName: value\r\n...". We wrote it: there is nothing to doubt. */
export function fieldsOf(headText: string): Fields {
  const fields = new Fields()
  const from = headText.indexOf('\r\n') + 2
  if (from > 1) appendLines(fields, headText, from)
  return fields
}
