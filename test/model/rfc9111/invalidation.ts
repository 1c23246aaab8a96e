import { firstOf, type Request, type Response } from './message.ts'

/** Invalidation by unsafe methods, RFC 9111 section 4.4. */

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

export function isSafe(method: string): boolean {
  return SAFE.includes(method)
}

/** Idempotent methods (RFC 9110 section 9.2.2): others must not be sent again by a proxy. */
export function isIdempotent(method: string): boolean {
  return isSafe(method) || method === 'PUT' || method === 'DELETE'
}

/** Targets whose stored responses must not be used without validation after this. */
export function invalidated(request: Request, host: string, response: Response): string[] {
  if (isSafe(request.method) || response.status < 200 || response.status > 399) return []
  // Location and Content-Location MAY be: Lacquer says that they are.
  const named = ['location', 'content-location'].map((name) => sameOrigin(firstOf(response.lines, name), request.target, host))
  return [request.target, ...named.filter((target) => target !== undefined)]
}

/** What else it may invalidate: nothing of another origin. */
function sameOrigin(reference: string | undefined, target: string, host: string): string | undefined {
  if (reference === undefined) return undefined
  const url = URL.parse(reference, `http://${host}${target}`)
  return url !== null && url.host === host ? url.pathname + url.search : undefined
}
