import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import { isWeak, stronglyEqual } from './conditional.ts'
import type { Policy } from './policy.ts'
import { coalesce, parseRange, resolveRange, SUFFIX, type ByteRange, type RangeSpec } from './range-set.ts'

/** Answer 206 with these parts (at least one), 200 with everything, or 416. */
export type RangeAnswer = readonly ByteRange[] | 'whole' | 'unsatisfiable'

/** What this request gets of a stored 200. Section 14.2 gives Range a meaning for GET only; Varnish heeds it in a HEAD as well. */
export function rangesFor(policy: Policy, { method, fields }: RequestHead, size_bytes: number, stored: Fields): RangeAnswer {
  const range = policy.ranges === 'off' ? undefined : fields.combined('range')
  if (range === undefined) return 'whole'
  const ifRange = fields.get('if-range')
  if (policy.ranges === 'varnish') return selectAsVarnish(range, ifRange, size_bytes, stored)
  return method === 'GET' ? selectRanges(range, ifRange, size_bytes, stored) : 'whole'
}

/**
 * What a Range request gets from a stored 200 (RFC 9110 section 14.2). What cannot be read, has another unit or would be abuse is
 * ignored, which the section permits; so is any Range while the size is unknown (-1).
 */
export function selectRanges(range: string | undefined, ifRange: string | undefined, size_bytes: number, stored: Fields): RangeAnswer {
  if (range === undefined || size_bytes < 0) return 'whole'
  if (ifRange !== undefined && !ifRangeHolds(ifRange, stored)) return 'whole'
  const specs = parseRange(range)
  return specs === undefined ? 'whole' : satisfiable(specs, size_bytes)
}

/**
 * The same as Varnish answers it: one range, or it is 416, whatever keeps it from being one. (`bytes=0-1,3-4`, `items=0-1` and `bytes=5-2`
 * alike: tried against varnishd 7.1.)
 */
export function selectAsVarnish(range: string, ifRange: string | undefined, size_bytes: number, stored: Fields): RangeAnswer {
  if (size_bytes < 0 || (ifRange !== undefined && !ifRangeHolds(ifRange, stored))) return 'whole'
  const specs = parseRange(range)
  const only = specs?.length === 1 ? resolveRange(specs[0], size_bytes) : undefined
  return only === undefined ? 'unsatisfiable' : [only]
}

function satisfiable(specs: readonly RangeSpec[], size_bytes: number): RangeAnswer {
  // A suffix is satisfiable then, but Content-Range cannot say "none of 0".
  if (size_bytes === 0 && specs.some(({ first, last }) => first < 0 && last > 0)) return 'whole'
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = resolveRange(spec, size_bytes)
    if (range !== undefined) ranges.push(range)
  }
  return ranges.length === 0 ? 'unsatisfiable' : (coalesce(ranges) ?? 'whole')
}

/** If-Range (section 13.1.5): a strong entity-tag, or exactly the Last-Modified when that is strong. */
export function ifRangeHolds(ifRange: string, stored: Fields): boolean {
  if (ifRange.startsWith('"') || isWeak(ifRange)) {
    const etag = stored.get('etag')
    return etag !== undefined && stronglyEqual(ifRange, etag)
  }
  const modified = strongDate(stored)
  return modified !== undefined && parseHttpDate(ifRange) === parseHttpDate(modified)
}

/** Last-Modified when it is a strong validator: the response was made at least a second later (section 8.8.2.2). */
export function strongDate(stored: Fields): string | undefined {
  const modified = stored.get('last-modified')
  const date = stored.get('date')
  if (modified === undefined || date === undefined) return undefined
  // NaN, from either side, compares false.
  return parseHttpDate(date) - parseHttpDate(modified) >= 1000 ? modified : undefined
}

/**
 * The Range to ask an origin for when nothing is stored: the request's own, if it is one range that begins at byte `offset` or later, or is
 * counted from the end. What begins earlier comes soon when the whole is fetched, which then is there for all. Undefined: ask for the whole.
 */
export function rangeToForward({ method, fields }: RequestHead, offset: number): string | undefined {
  const range = fields.combined('range')
  if (range === undefined || method !== 'GET' || fields.has('if-range')) return undefined
  const specs = parseRange(range)
  if (specs === undefined || specs.length !== 1) return undefined
  return specs[0].first === SUFFIX || specs[0].first >= offset ? range : undefined
}
