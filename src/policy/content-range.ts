import type { Fields } from '../http/fields.ts'
import { digits, type ByteRange } from './range-set.ts'

/** What a 206 has: those bytes of a representation of so many. */
export interface ContentRange extends ByteRange {
  readonly length_bytes: number
}

const UNIT = 'bytes '

/**
 * A Content-Range of bytes that says how long the representation is (RFC 9110 section 14.4); undefined for any other, and for one that
 * is invalid. Numbers that cannot be counted with are none.
 */
export function parseContentRange(value: string): ContentRange | undefined {
  if (value.slice(0, UNIT.length).toLowerCase() !== UNIT) return undefined
  const dash = value.indexOf('-', UNIT.length)
  const slash = value.indexOf('/', dash + 1)
  if (dash < 0 || slash < 0) return undefined
  const from = digits(value, UNIT.length, dash)
  const to = digits(value, dash + 1, slash)
  const length_bytes = digits(value, slash + 1, value.length)
  if (from < 0 || to < from || length_bytes <= to || length_bytes >= Number.MAX_SAFE_INTEGER) return undefined
  return { from, to, length_bytes }
}

/** What is to be stored of a 206 (RFC 9111 section 3.3). */
export interface StorablePart extends ContentRange {
  /** False: where the representation ends is not to be relied on. Ranges are answered from it, nothing is combined with it. */
  readonly exact: boolean
}

/**
 * The part that a 206 brings, when it says so completely and without contradiction: one part, and as many bytes as it has. `sent_bytes` is
 * its Content-Length, -1 for none.
 *
 * An origin may count the end of a range as what comes after it, so that the part that reaches the end of the representation says one byte
 * more than it has. Of that we believe the bytes, which are there, and not the end.
 */
export function partOf(fields: Fields, sent_bytes: number): StorablePart | undefined {
  const at = fields.indexOf('content-range', 0)
  if (at < 0 || fields.indexOf('content-range', at + 1) >= 0 || isMultipart(fields)) return undefined
  const said = parseContentRange(fields.values[at])
  if (said === undefined) return undefined
  const { from, to, length_bytes } = said
  const said_bytes = to - from + 1
  if (sent_bytes < 0 || sent_bytes === said_bytes) return { ...said, exact: true }
  if (to !== length_bytes - 1 || sent_bytes === 0 || sent_bytes !== said_bytes - 1) return undefined
  return { from, to: to - 1, length_bytes: length_bytes - 1, exact: false }
}

function isMultipart(fields: Fields): boolean {
  return /^multipart\/byteranges/i.test(fields.get('content-type') ?? '')
}
