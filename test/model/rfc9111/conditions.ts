import { dateOf, firstOf, has, type Request, type Response, valuesOf } from './message.ts'
import { tagsOf, weakly } from './updating.ts'

/**
 * Conditional requests towards the client, RFC 9110 section 13.2.2: is the representation that it has still the selected one?
 * "perhaps" where the RFC leaves it open.
 */
export function unmodified(request: Request, selected: Response, now_ms: number): boolean | 'perhaps' {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (selected.status < 200 || selected.status > 299) return false
  // Of other successes than 200 and 206 a cache need not know (RFC 9111 section 4.3.2).
  const clear = (is: boolean): boolean | 'perhaps' => (is && selected.status !== 200 ? 'perhaps' : is)
  if (has(request.lines, 'if-none-match')) return clear(tagMatches(request, firstOf(selected.lines, 'etag')))
  const since = valuesOf(request.lines, 'if-modified-since')
  const since_ms = since.length === 1 ? dateOf(since[0], now_ms) : undefined
  if (since_ms === undefined) return false
  const modified_ms = dateOf(firstOf(selected.lines, 'last-modified'), now_ms)
  if (modified_ms !== undefined) return clear(modified_ms <= since_ms)
  const made_ms = dateOf(firstOf(selected.lines, 'date'), now_ms)
  return made_ms !== undefined && made_ms <= since_ms ? 'perhaps' : false
}

function tagMatches(request: Request, etag: string | undefined): boolean {
  const tags = tagsOf(request.lines)
  return tags.includes('*') || (etag !== undefined && tags.some((tag) => weakly(tag) === weakly(etag)))
}
