import { parseHttpDate } from '../http/dates.ts'
import { Fields } from '../http/fields.ts'
import { removeHopByHop } from '../http/hop.ts'
import { parseResponseDirectives } from './directives.ts'
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
 * Fields of a 304 that do not replace stored ones (RFC 9111 section 3.2): Content-Length, and those that say how the stored
 * bytes are to be read. Of entity-tags the stored one stays: a 304 that updates has the same, or the same but for its weakness
 * (`confirmed` in freshening.ts).
 */
const DESCRIBES_BODY = new Set(['content-length', 'content-encoding', 'content-range', 'content-md5', 'etag'])

/**
 * Updates a stored head from a 304 (section 4.3.4): each field it carries replaces all stored lines of that name. `toStore`: that is
 * all that becomes of it; the one who asked is to have what private="..." and no-cache="..." list, too.
 */
export function freshen(stored: Fields, update: Fields, toStore = true): void {
  const fresh = new Fields()
  fresh.copyFrom(update)
  if (toStore) stripForStore(fresh)
  else removeHopByHop(fresh)
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
 * no-cache="..." and private="..." list. Everything else must be, whatever it means: a Content-Range with a 200, too.
 * Content-Length is the caller's.
 */
export function stripForStore(fields: Fields, unshared: readonly string[] = parseResponseDirectives(fields).unshared): void {
  removeHopByHop(fields)
  for (const key of unshared) fields.delete(key)
}
