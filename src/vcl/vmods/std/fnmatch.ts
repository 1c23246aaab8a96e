import { POSIX_CLASSES } from '../../../pattern/classes.ts'

export interface FnmatchFlags {
  /** `/` only matches itself. */
  readonly pathname: boolean
  /** A backslash is an ordinary character. */
  readonly noescape: boolean
  /** A leading `.` only matches itself. */
  readonly period: boolean
}

type Part =
  | { readonly kind: 'star' | 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'set'; readonly has: (byte: number) => boolean }

/** fnmatch(3) on bytes, in time proportional to the product of both lengths. */
export function fnmatch(pattern: string, subject: string, flags: FnmatchFlags): boolean {
  const parts = read(pattern, flags.noescape)
  if (parts === undefined) return false
  if (!flags.pathname) return matchSegment(parts, subject, flags.period)
  // No wildcard crosses a slash: both sides fall into the same number of segments.
  const segments = subject.split('/')
  const patterns: Part[][] = [[]]
  for (const part of parts) {
    if (part.kind === 'char' && part.char === '/') patterns.push([])
    else patterns[patterns.length - 1].push(part)
  }
  return patterns.length === segments.length && patterns.every((one, i) => matchSegment(one, segments[i], flags.period))
}

/** After a mismatch the latest star takes one more: earlier stars need never be reconsidered. */
function matchSegment(parts: readonly Part[], text: string, period: boolean): boolean {
  if (period && text.startsWith('.') && !(parts[0]?.kind === 'char' && parts[0].char === '.')) return false
  let p = 0
  let star = -1
  let taken = 0
  for (let t = 0; t < text.length;) {
    if (p < parts.length && parts[p].kind === 'star') {
      star = p++
      taken = t
    } else if (p < parts.length && matchesOne(parts[p], text, t)) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++taken
    } else return false
  }
  while (p < parts.length && parts[p].kind === 'star') p++
  return p === parts.length
}

function matchesOne(part: Part, text: string, at: number): boolean {
  if (part.kind === 'char') return part.char === text[at]
  return part.kind === 'any' || (part.kind === 'set' && part.has(text.charCodeAt(at)))
}

/** Undefined: a backslash at the end, which matches nothing. */
function read(pattern: string, noescape: boolean): Part[] | undefined {
  const parts: Part[] = []
  const open = new Set<number>()
  for (let at = 0; at < pattern.length;) {
    const c = pattern[at++]
    const set = c === '[' ? readSet(pattern, at, noescape, open) : undefined
    if (set !== undefined) {
      parts.push({ kind: 'set', has: set.has })
      at = set.end
    } else if (c === '*' || c === '?') parts.push({ kind: c === '*' ? 'star' : 'any' })
    else if (c === '\\' && !noescape) {
      if (at >= pattern.length) return undefined
      parts.push({ kind: 'char', char: pattern[at++] })
    } else parts.push({ kind: 'char', char: c })
  }
  return parts
}

/**
 * A bracket expression from behind its `[`; undefined when it is never closed, and `[` is a character. `open` has the places from which on none is: a pattern of
 * many brackets is not read to its end for each.
 */
function readSet(
  pattern: string,
  start: number,
  noescape: boolean,
  open: Set<number>,
): { has: (byte: number) => boolean; end: number } | undefined {
  const bytes = new Uint8Array(256)
  const negated = pattern[start] === '!' || pattern[start] === '^'
  const first = negated ? start + 1 : start
  let at = first
  const char = () => {
    if (pattern[at] === '\\' && !noescape && at + 1 < pattern.length) at++
    return pattern.charCodeAt(at++)
  }
  const passed: number[] = []
  while (at < pattern.length && (pattern[at] !== ']' || at === first)) {
    if (at > first) {
      if (open.has(at)) break
      passed.push(at)
    }
    const named = pattern[at] === '[' ? /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12)) : null
    if (named !== null && Object.hasOwn(POSIX_CLASSES, named[1])) {
      POSIX_CLASSES[named[1]].forEach((bit, i) => (bytes[i] |= bit))
      at += named[0].length
      continue
    }
    const from = char()
    const range = pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']'
    if (range) at++
    const to = range ? char() : from
    for (let i = from; i <= to && i < 256; i++) bytes[i] = 1
  }
  if (pattern[at] !== ']' || open.has(at)) {
    for (const place of passed) open.add(place)
    return undefined
  }
  return { has: (byte) => (bytes[byte] === 1) !== negated, end: at + 1 }
}
