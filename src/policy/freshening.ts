import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import { isWeak, stronglyEqual, weaklyEqual } from './conditional.ts'

/**
 * Which stored response does a 304 speak of (RFC 9111 section 4.3.4)? `stored` are the responses whose validators the request
 * named, the one to be preferred first; -1 when it speaks of none of them: then none may be updated, and its bytes are to be had
 * from the origin.
 */
export function confirmed(stored: readonly Fields[], update: Fields): number {
  const etag = update.get('etag')
  if (etag !== undefined) {
    const found = stored.findIndex((fields) => sameTag(fields.get('etag'), etag))
    // A weak one that nothing stored has leaves the date to go by.
    if (found >= 0 || !isWeak(etag)) return found
  }
  const modified_ms = modifiedAt_ms(update)
  if (!Number.isNaN(modified_ms)) return sameDate(stored, modified_ms, etag === undefined)
  // Nothing to go by: an answer to a request about one response can only mean that one.
  return stored.length === 1 && etag === undefined ? 0 : -1
}

function sameTag(stored: string | undefined, sent: string): boolean {
  return stored !== undefined && (isWeak(sent) ? weaklyEqual(stored, sent) : stronglyEqual(stored, sent))
}

/** Last-Modified, which alone is a weak validator (RFC 9110 section 8.8.2.2). The only one asked about may have none, if it is `alone`. */
function sameDate(stored: readonly Fields[], modified_ms: number, alone: boolean): number {
  const found = stored.findIndex((fields) => modifiedAt_ms(fields) === modified_ms)
  if (found >= 0) return found
  return alone && stored.length === 1 && Number.isNaN(modifiedAt_ms(stored[0])) ? 0 : -1
}

function modifiedAt_ms(fields: Fields): number {
  return parseHttpDate(fields.get('last-modified') ?? '')
}

/** Does the 200 to a HEAD speak of the stored response (section 4.3.5)? */
export function describes(answer: Fields, stored: Fields, size_bytes: number): boolean {
  for (const key of ['etag', 'last-modified']) if (answer.has(key) && answer.get(key) !== stored.get(key)) return false
  const length = answer.get('content-length')
  return length === undefined || Number(length) === size_bytes
}
