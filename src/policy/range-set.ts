/** Bytes `from` to `to`, both included. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** One range-spec as written (RFC 9110 section 14.1.1): an int-range, whose `last` may be OPEN, or with `first` SUFFIX the last so many bytes. */
export interface RangeSpec {
  readonly first: number
  readonly last: number
}

/** No number there: the "-" of "-500" has none before it, that of "500-" none behind it. */
export const SUFFIX = -1
export const OPEN = -1
const MALFORMED = -2

const ZERO = 48
const NINE = 57
const UNIT = 'bytes='

/** More range-specs are not worth answering (section 14.2). */
export const RANGES_MAX = 32

/** Beyond this many, ranges have to be in ascending order (section 14.2). */
const UNORDERED_MAX = 4

/**
 * The range-specs of a Range field; undefined for what is to be ignored: another unit, a range-spec that is malformed (which section 14.2
 * permits), or so many that answering them would be work for an attacker.
 */
export function parseRange(value: string): RangeSpec[] | undefined {
  if (value.slice(0, UNIT.length).toLowerCase() !== UNIT) return undefined
  const specs: RangeSpec[] = []
  let empty = 0
  for (let from = UNIT.length; from <= value.length;) {
    const comma = value.indexOf(',', from)
    const end = comma < 0 ? value.length : comma
    const text = value.slice(from, end).trim()
    from = end + 1
    // Empty members of a list are to be borne, within reason (section 5.6.1.2).
    if (text === '' && ++empty <= RANGES_MAX) continue
    const spec = rangeSpec(text)
    if (spec === undefined || specs.length === RANGES_MAX) return undefined
    specs.push(spec)
  }
  return specs.length === 0 ? undefined : specs
}

function rangeSpec(text: string): RangeSpec | undefined {
  const dash = text.indexOf('-')
  if (dash < 0) return undefined
  const first = digits(text, 0, dash)
  const last = digits(text, dash + 1, text.length)
  if (first === MALFORMED || last === MALFORMED) return undefined
  if (first === SUFFIX ? last === OPEN : last !== OPEN && last < first) return undefined
  return { first, last }
}

/** A number of any length, saturating; -1 for no text at all. */
export function digits(text: string, from: number, to: number): number {
  if (from === to) return SUFFIX
  let value = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code < ZERO || code > NINE) return MALFORMED
    value = Math.min(value * 10 + (code - ZERO), Number.MAX_SAFE_INTEGER)
  }
  return value
}

/** The bytes that a range-spec means of so many (section 14.1.2); undefined when there are none. */
export function resolveRange({ first, last }: RangeSpec, size_bytes: number): ByteRange | undefined {
  if (first === SUFFIX) return last === 0 || size_bytes === 0 ? undefined : { from: Math.max(0, size_bytes - last), to: size_bytes - 1 }
  if (first >= size_bytes) return undefined
  return { from: first, to: last === OPEN ? size_bytes - 1 : Math.min(last, size_bytes - 1) }
}

/**
 * What is sent of the satisfiable ranges, in the order in which they were asked for: those that overlap or touch as one (section
 * 15.3.7.2). So no byte is sent twice, however often it was asked for. Undefined for a set that is to be ignored: more than two
 * overlapping ranges, or many that are not in ascending order (section 14.2).
 */
export function coalesce(ranges: readonly ByteRange[]): ByteRange[] | undefined {
  if (ranges.length === 1) return [ranges[0]]
  if (overlaps(ranges) > 2 || (ranges.length > UNORDERED_MAX && !ascending(ranges))) return undefined
  const merged: ByteRange[] = []
  for (const range of ranges) absorb(merged, range)
  return merged
}

/** Joins the range to what it touches; what it has become may touch others in turn. */
function absorb(merged: ByteRange[], range: ByteRange): void {
  let place = merged.length
  let { from, to } = range
  for (let i = 0; i < merged.length; i++) {
    const other = merged[i]
    if (other.from > to + 1 || from > other.to + 1) continue
    from = Math.min(from, other.from)
    to = Math.max(to, other.to)
    place = Math.min(place, i)
    merged.splice(i, 1)
    i = -1
  }
  merged.splice(Math.min(place, merged.length), 0, { from, to })
}

/** Pairs of ranges that have bytes in common. */
function overlaps(ranges: readonly ByteRange[]): number {
  let pairs = 0
  for (let i = 0; i < ranges.length; i++) {
    for (let j = 0; j < i; j++) if (ranges[i].from <= ranges[j].to && ranges[j].from <= ranges[i].to) pairs++
  }
  return pairs
}

function ascending(ranges: readonly ByteRange[]): boolean {
  for (let i = 1; i < ranges.length; i++) if (ranges[i].from < ranges[i - 1].from) return false
  return true
}
