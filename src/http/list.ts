import { BACKSLASH, COMMA, DQUOTE, HTAB, SP, TCHAR } from './bytes.ts'

/** One member of a comma list: value.slice(start, end), whitespace outside, not empty. Return false to stop. */
export type VisitMember = (value: string, start: number, end: number) => boolean

/**
 * Calls `visit` for every member of a comma list (RFC 9110 section 5.6.1); commas inside quoted strings do not separate, and
 * empty members are skipped. True if it ran to the end; false if `visit` stopped it or a quoted string is not closed.
 */
export function forEachListMember(value: string, visit: VisitMember): boolean {
  let from = 0
  while (from < value.length) {
    const comma = memberEnd(value, from)
    if (comma < 0) return false
    const start = skipSpace(value, from, comma)
    const end = trimEnd(value, start, comma)
    if (end > start && !visit(value, start, end)) return false
    from = comma + 1
  }
  return true
}

/** Index of the comma that ends the member at `from`, or the length; -1 if a quoted string is not closed. */
function memberEnd(value: string, from: number): number {
  for (let i = from; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === COMMA) return i
    if (code === DQUOTE && (i = quotedEnd(value, i)) < 0) return -1
  }
  return value.length
}

/** Index of the quote that closes the string opened at `from`, or -1 (RFC 9110 section 5.6.4). */
export function quotedEnd(value: string, from: number): number {
  for (let i = from + 1; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === DQUOTE) return i
    if (code === BACKSLASH) i++
  }
  return -1
}

/** The text of a quoted string, quotes and quoted-pairs undone; undefined if [start, end) is not exactly one. */
export function unquote(value: string, start: number, end: number): string | undefined {
  if (value.charCodeAt(start) !== DQUOTE || quotedEnd(value, start) !== end - 1) return undefined
  const inner = value.slice(start + 1, end - 1)
  return inner.includes('\\') ? unescape(inner) : inner
}

function unescape(inner: string): string {
  let text = ''
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === BACKSLASH) i++
    text += inner.charAt(i)
  }
  return text
}

export function isToken(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (TCHAR[value.charCodeAt(i)] !== 1) return false
  return value !== ''
}

/** True if one member of the list is this token; case does not matter, `token` must be lower case. */
export function hasToken(value: string, token: string): boolean {
  let from = 0
  while (from < value.length) {
    const comma = memberEnd(value, from)
    if (comma < 0) return false
    const start = skipSpace(value, from, comma)
    if (equalsToken(value, start, trimEnd(value, start, comma), token)) return true
    from = comma + 1
  }
  return false
}

/** value.slice(start, end) is `token` (lower case) when ASCII case is ignored. */
export function equalsToken(value: string, start: number, end: number, token: string): boolean {
  if (end - start !== token.length) return false
  for (let i = 0; i < token.length; i++) {
    let code = value.charCodeAt(start + i)
    if (code >= 65 && code <= 90) code += 32
    if (code !== token.charCodeAt(i)) return false
  }
  return true
}

export function skipSpace(value: string, start: number, end: number): number {
  while (start < end && isSpace(value.charCodeAt(start))) start++
  return start
}

export function trimEnd(value: string, start: number, end: number): number {
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  return end
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB
}
