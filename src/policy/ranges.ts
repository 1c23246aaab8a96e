import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import { stronglyEqual } from './conditional.ts'

/** Bytes `from` to `to`, both included. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** Answer 206 with the range, 200 with everything, or 416. */
export type RangeAnswer = ByteRange | 'whole' | 'unsatisfiable'

const ZERO = 48
const NINE = 57
const UNIT = 'bytes='

/**
 * What a Range request gets from a stored 200 (RFC 9110 section 14.2). A range that is malformed, has another unit or asks
 * for several parts is ignored, which the section permits; so is any while the size is unknown (-1).
 */
export function selectRange(range: string | undefined, ifRange: string | undefined, size_bytes: number, stored: Fields): RangeAnswer {
  if (range === undefined || size_bytes < 0) return 'whole'
  if (ifRange !== undefined && !ifRangeHolds(ifRange, stored)) return 'whole'
  if (range.slice(0, UNIT.length).toLowerCase() !== UNIT) return 'whole'
  const spec = range.slice(UNIT.length).trim()
  const dash = spec.indexOf('-')
  if (dash < 0) return 'whole'
  const first = digits(spec, 0, dash)
  const last = digits(spec, dash + 1, spec.length)
  if (first === MALFORMED || last === MALFORMED) return 'whole'
  return first === EMPTY ? suffixRange(last, size_bytes) : intRange(first, last, size_bytes)
}

/** "-500": the last 500 bytes; all of a shorter representation (section 14.1.2). */
function suffixRange(length: number, size_bytes: number): RangeAnswer {
  if (length === EMPTY) return 'whole'
  if (length === 0) return 'unsatisfiable'
  // Satisfiable, but Content-Range cannot say "none of 0".
  if (size_bytes === 0) return 'whole'
  return { from: Math.max(0, size_bytes - length), to: size_bytes - 1 }
}

/** "500-999" and "500-". */
function intRange(first: number, last: number, size_bytes: number): RangeAnswer {
  if (last !== EMPTY && last < first) return 'whole'
  if (first >= size_bytes) return 'unsatisfiable'
  return { from: first, to: last === EMPTY ? size_bytes - 1 : Math.min(last, size_bytes - 1) }
}

const EMPTY = -1
const MALFORMED = -2

/** A number of any length, saturating. */
function digits(text: string, from: number, to: number): number {
  if (from === to) return EMPTY
  let value = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code < ZERO || code > NINE) return MALFORMED
    value = Math.min(value * 10 + code - ZERO, Number.MAX_SAFE_INTEGER)
  }
  return value
}

/** If-Range (section 13.1.5): a strong entity-tag, or exactly the Last-Modified when that is strong (section 8.8.2.2). */
export function ifRangeHolds(ifRange: string, stored: Fields): boolean {
  if (ifRange.startsWith('"') || ifRange.startsWith('W/')) {
    const etag = stored.get('etag')
    return etag !== undefined && stronglyEqual(ifRange, etag)
  }
  const modified = stored.get('last-modified')
  const date = stored.get('date')
  if (modified === undefined || date === undefined) return false
  const modified_ms = parseHttpDate(modified)
  return parseHttpDate(ifRange) === modified_ms && parseHttpDate(date) - modified_ms >= 1000
}
