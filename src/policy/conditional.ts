import { parseHttpDate } from '../http/dates.ts'
import { Fields } from '../http/fields.ts'
import { removeHopByHop } from '../http/hop.ts'
import { parseResponseDirectives } from './directives.ts'
import type { ResponseDirectives } from './directives.ts'
import { isValidatable } from './initial.ts'

/** Conditional requests: RFC 9110 section 13 towards the client, RFC 9111 section 4.3 towards the origin. */

const COMMA = 44
const QUOTE = 34

/**
 * Is what the client of a GET or HEAD has still current, so that 304 answers it (RFC 9110 section 13.2.2)? If-None-Match
 * decides alone when present. Without Last-Modified the stored Date stands in (RFC 9111 section 4.3.2).
 */
export function clientNotModified(request: Fields, status: number, stored: Fields): boolean {
  // Conditions apply to what would otherwise be a success (RFC 9110 section 13.2.1).
  if (status < 200 || status > 299) return false
  const since = request.indexOf('if-modified-since', 0)
  if (request.has('if-none-match')) return anyTagMatches(request.combined('if-none-match') ?? '', stored.get('etag'))
  if (since < 0 || request.indexOf('if-modified-since', since + 1) >= 0) return false
  const changed = stored.get('last-modified') ?? stored.get('date')
  // NaN, from either side, compares false.
  return changed !== undefined && parseHttpDate(changed) <= parseHttpDate(request.values[since])
}

/** Weak comparison: W/ makes no difference (RFC 9110 section 8.8.3.2). */
export function weaklyEqual(a: string, b: string): boolean {
  return opaque(a) === opaque(b)
}

/**
 * Does a 304 speak of the stored response (RFC 9111 section 4.3.4)? To If-None-Match with our one entity-tag it can speak of
 * nothing else, even from an origin that names another in it. To If-Modified-Since alone, a strong entity-tag speaks of bytes
 * that we may not have.
 */
export function confirms(stored: Fields, update: Fields): boolean {
  return !update.has('etag') || stored.has('etag') || isWeak(update.get('etag') ?? '')
}

/** Strong comparison: equal, and neither is weak. */
export function stronglyEqual(a: string, b: string): boolean {
  return a === b && !isWeak(a)
}

export function isWeak(tag: string): boolean {
  return tag.startsWith('W/')
}

function opaque(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag
}

/** If-None-Match is "*" or a list of entity-tags, whose quoted part may contain commas. */
function anyTagMatches(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true
  if (etag === undefined) return false
  for (let from = 0; from < list.length;) {
    const end = tagEnd(list, from)
    if (weaklyEqual(list.slice(from, end).trim(), etag)) return true
    from = end + 1
  }
  return false
}

/** The comma after the list member at `from`, or the end. */
function tagEnd(list: string, from: number): number {
  let quoted = false
  for (let i = from; i < list.length; i++) {
    const code = list.charCodeAt(i)
    if (code === QUOTE) quoted = !quoted
    else if (code === COMMA && !quoted) return i
  }
  return list.length
}

/**
 * Makes a request to the origin conditional on the stored validators (RFC 9111 section 4.3.1), in place of the client's own
 * conditions. False when there is no validator: then the request is left without conditions.
 */
export function validationFields(stored: Fields, into: Fields): boolean {
  dropConditions(into)
  if (!isValidatable(stored)) return false
  const etag = stored.get('etag')
  if (etag !== undefined) into.append('If-None-Match', etag)
  const modified = stored.get('last-modified')
  if (modified !== undefined && !Number.isNaN(parseHttpDate(modified))) into.append('If-Modified-Since', modified)
  return true
}

/** Removes the client's conditions and range: a fetch for the store wants the whole representation. */
export function dropConditions(fields: Fields): void {
  fields.delete('if-none-match')
  fields.delete('if-modified-since')
  fields.delete('if-match')
  fields.delete('if-unmodified-since')
  fields.delete('if-range')
  fields.delete('range')
}

/**
 * Fields of a 304 that do not replace stored ones (RFC 9111 section 3.2): those that describe the stored bytes. ETag is among
 * them because a 304 confirms the stored one; a different one would name bytes that we do not have.
 */
const DESCRIBES_BODY = new Set(['content-length', 'content-encoding', 'content-range', 'content-md5', 'etag'])

/** Updates a stored head from a 304 (section 4.3.4): each field it carries replaces all stored lines of that name. */
export function freshen(stored: Fields, update: Fields): void {
  const fresh = new Fields()
  fresh.copyFrom(update)
  stripForStore(fresh)
  for (let i = 0; i < fresh.count; i++) {
    const key = fresh.keys[i]
    if (DESCRIBES_BODY.has(key)) continue
    if (fresh.indexOf(key, 0) === i) stored.delete(key)
    stored.appendKeyed(fresh.names[i], key, fresh.values[i])
  }
  // Its age restarts with the 304 (section 4.2.3): an Age that the 304 does not repeat is history.
  if (!fresh.has('age')) stored.delete('age')
}

/**
 * Removes what must not be stored (RFC 9111 section 3.1): hop-by-hop fields, those that Connection lists, those that
 * no-cache="..." and private="..." list, and a Content-Range, which means nothing outside 206 and 416 (RFC 9110
 * section 14.4). Content-Length is the caller's.
 */
export function stripForStore(fields: Fields, status = 200, said: Readonly<ResponseDirectives> = parseResponseDirectives(fields)): void {
  removeHopByHop(fields)
  for (const key of said.unshared) fields.delete(key)
  if (status !== 206 && status !== 416) fields.delete('content-range')
}
