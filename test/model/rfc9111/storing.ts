import { CacheControl } from './directives.ts'
import { firstOf, has, type Request } from './message.ts'
import { type Received, statedLifetime } from './freshness.ts'
import { isDefined, isNeverStored, isHeuristicallyCacheable } from './statuses.ts'

/** Why the response must not be stored (RFC 9111 section 3, for a shared cache); undefined when it may be. */
export function refusesStoring(request: Request, response: Received): string | undefined {
  const { status, lines } = response
  const said = new CacheControl(lines)
  const understood = said.has('must-understand') && isDefined(status)
  if (!answersLaterRequests(request, response)) return `method ${request.method} is not one whose answers are reused`
  if (status < 200) return 'it is not final'
  if (isNeverStored(status)) return `${status} is not to be stored (RFC 6585)`
  if (status === 206 || status === 304) return `${status} by itself is not a whole response`
  if (said.has('must-understand') && !isDefined(status)) return 'must-understand, and the status is not understood'
  if (said.has('no-store') && !understood) return 'it says no-store'
  if (new CacheControl(request.lines).has('no-store')) return 'the request says no-store'
  if (said.hasUnqualified('private')) return 'it says private'
  if (has(request.lines, 'authorization') && !sharesAuthorized(said))
    return 'the request has Authorization, and nothing lets it be shared (section 3.5)'
  return permits(response, said) ? undefined : 'nothing in it permits storing'
}

/** Section 4 and RFC 9110 section 9.3: GET; POST when it says that it stands for the target, and for how long. */
function answersLaterRequests({ method, target, lines }: Request, response: Received): boolean {
  if (method === 'GET') return true
  const base = `http://${firstOf(lines, 'host')}${target}`
  const stands = URL.parse(firstOf(response.lines, 'content-location') ?? 'about:blank', base)
  return method === 'POST' && statedLifetime(response) !== undefined && stands?.href === base
}

/** Section 3.5: must-revalidate, public and s-maxage. */
function sharesAuthorized(said: CacheControl): boolean {
  return ['must-revalidate', 'public', 's-maxage'].some((name) => said.has(name))
}

function permits({ status, lines }: Received, said: CacheControl): boolean {
  return ['public', 'max-age', 's-maxage'].some((name) => said.has(name)) || has(lines, 'expires') || isHeuristicallyCacheable(status)
}

/**
 * What Lacquer promises besides (README, "What is never shared between users"): a response that sets a cookie is kept only when its
 * Cache-Control says that it may be.
 */
export function breaksPromise(response: Received): string | undefined {
  const said = new CacheControl(response.lines)
  const listed = [...said.listed('private'), ...said.listed('no-cache')]
  if (!has(response.lines, 'set-cookie') || listed.includes('set-cookie')) return undefined
  return ['public', 's-maxage', 'max-age'].some((name) => said.has(name))
    ? undefined
    : 'it sets a cookie, and does not say that it may be cached'
}
