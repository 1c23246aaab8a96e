import type { Fields } from '../http/fields.ts'
import type { Policy } from './policy.ts'

/** Methods that change nothing (RFC 9110 section 9.2.1). One we do not know may change anything. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'])

export function isSafe(method: string): boolean {
  return SAFE.has(method)
}

/** Does this answer invalidate what is stored for its target (RFC 9111 section 4.4)? An error proves nothing changed. */
export function invalidates(policy: Policy, method: string, status: number): boolean {
  return policy.unsafeInvalidates && !isSafe(method) && status >= 200 && status <= 399
}

/**
 * URLs, in origin form, whose stored responses go: the target itself, first, and what Location and Content-Location name on the
 * same origin (section 4.4: never on another one, or any site could empty its neighbour). The scheme is not compared:
 * TLS may end before us.
 */
export function invalidatedUrls(host: string, url: string, response: Fields): string[] {
  const urls = [url]
  const base = parse(`http://${host}${url.startsWith('/') ? url : '/'}`, undefined)
  if (!base) return urls
  for (const key of ['location', 'content-location']) {
    const value = response.get(key)
    const named = value === undefined ? undefined : parse(value, base)
    if (!named || named.hostname !== base.hostname || portOf(named) !== portOf(base)) continue
    const target = named.pathname + named.search
    if (!urls.includes(target)) urls.push(target)
  }
  return urls
}

/** Does the value, relative to the URL, name that URL itself (RFC 9110 section 8.7)? */
export function namesItself(host: string, url: string, value: string): boolean {
  const base = parse(`http://${host}${url}`, undefined)
  const named = base && parse(value, base)
  if (!named || named.hostname !== base.hostname || portOf(named) !== portOf(base)) return false
  return named.pathname === base.pathname && named.search === base.search
}

function parse(text: string, base: URL | undefined): URL | undefined {
  const url = URL.parse(text, base)
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined
}

/** Port as written; both schemes' own ports count as the same place. */
function portOf(url: URL): string {
  return url.port === '443' || url.port === '80' ? '' : url.port
}
