import type { ByteRange } from './range-set.ts'

/** Parts of a representation that are stored (RFC 9111 section 3.3): which bytes, and what they were stored as. */
export interface StoredPart extends ByteRange {
  readonly era: string
}

export interface PartList {
  readonly length_bytes: number
  /** False: see StorablePart. */
  readonly exact: boolean
  /** In the order of their first bytes. They may overlap. */
  readonly parts: readonly StoredPart[]
}

/** Parts of one representation: who asks for ever smaller ones does not make the list ever longer. */
export const PARTS_MAX = 512

/** The list as it is kept: `10 exact`, then `0-4 era` for each part. */
export function encodeParts({ length_bytes, exact, parts }: PartList): string {
  return [`${length_bytes} ${exact ? 'exact' : 'open'}`, ...parts.map(({ from, to, era }) => `${from}-${to} ${era}`)].join('\n')
}

/** Undefined for what `encodeParts` has not written. */
export function decodeParts(text: string): PartList | undefined {
  const [first, ...lines] = text.split('\n')
  const head = /^([0-9]+) (exact|open)$/.exec(first)
  if (head === null) return undefined
  const length_bytes = Number(head[1])
  const parts: StoredPart[] = []
  for (const line of lines) {
    const found = /^([0-9]+)-([0-9]+) (\S+)$/.exec(line)
    if (found === null) return undefined
    const [from, to] = [Number(found[1]), Number(found[2])]
    if (to < from || to >= length_bytes) return undefined
    parts.push({ from, to, era: found[3] })
  }
  return { length_bytes, exact: head[2] === 'exact', parts }
}

/** The list with one part more; if there are too many, the shortest leaves. */
export function withPart(list: PartList, part: StoredPart): PartList {
  const parts = list.parts.slice()
  while (parts.length >= PARTS_MAX) parts.splice(parts.indexOf(parts.reduce(shorter)), 1)
  parts.push(part)
  parts.sort((a, b) => a.from - b.from)
  return { ...list, parts }
}

/** Those of the parts that lie within one of `whole`, which are all there: nobody needs them any more. */
export function needless(parts: readonly StoredPart[], whole: readonly StoredPart[]): StoredPart[] {
  return parts.filter((part) => whole.some((other) => contains(other, part)))
}

/** Of two with the same bytes one contains the other. */
function contains(other: StoredPart, part: StoredPart): boolean {
  if (other.from > part.from || other.to < part.to) return false
  return other.to - other.from > part.to - part.from || other.era > part.era
}

function shorter(a: StoredPart, b: StoredPart): StoredPart {
  return b.to - b.from < a.to - a.from ? b : a
}

/** From the first to the last byte of the range that is not among the parts; undefined when all are. */
export function missingOf(parts: readonly ByteRange[], range: ByteRange): ByteRange | undefined {
  const from = firstMissing(parts, range)
  return from > range.to ? undefined : { from, to: lastMissing(parts, range) }
}

function firstMissing(parts: readonly ByteRange[], range: ByteRange): number {
  let at = range.from
  for (const { from, to } of parts) {
    if (from > at) break
    if (to >= at) at = to + 1
  }
  return at
}

/** Parts are in the order of their first bytes, not of their last: several rounds when they overlap. */
function lastMissing(parts: readonly ByteRange[], range: ByteRange): number {
  let at = range.to
  for (let i = parts.length - 1; i >= 0; i--) {
    const { from, to } = parts[i]
    if (from > at || to < at) continue
    at = from - 1
    i = parts.length
  }
  return at
}

/** The missing bytes of several ranges, and what lies between them. */
export function missingOfAll(parts: readonly ByteRange[], ranges: readonly ByteRange[]): ByteRange | undefined {
  let missing: ByteRange | undefined
  for (const range of ranges) {
    const one = missingOf(parts, range)
    if (one === undefined) continue
    missing = missing === undefined ? one : { from: Math.min(missing.from, one.from), to: Math.max(missing.to, one.to) }
  }
  return missing
}

/** A piece of a part: those bytes of the representation, from byte `skip` of the part on. */
export interface PartPiece extends ByteRange {
  /** Index in the list. */
  readonly part: number
  readonly skip_bytes: number
}

/** How to read what there is from byte `from` on: pieces in order, none twice; at each place the part that reaches farthest. */
export function piecesFrom(parts: readonly ByteRange[], from: number): PartPiece[] {
  const pieces: PartPiece[] = []
  let at = from
  for (let i = 0; i < parts.length;) {
    const next = farthest(parts, i, at)
    const part = parts[next]
    if (part.to >= at) {
      const start = Math.max(at, part.from)
      pieces.push({ from: start, to: part.to, part: next, skip_bytes: start - part.from })
      at = part.to + 1
    }
    while (i < parts.length && (i <= next || parts[i].to < at)) i++
  }
  return pieces
}

/** Of the part at `i` and those behind it that begin at or before `at`: the one that reaches farthest. */
function farthest(parts: readonly ByteRange[], i: number, at: number): number {
  let best = i
  for (let j = i + 1; j < parts.length && parts[j].from <= Math.max(at, parts[i].from); j++) if (parts[j].to > parts[best].to) best = j
  return best
}
