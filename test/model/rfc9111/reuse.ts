import { type Bounds, CacheControl } from './directives.ts'
import { currentAge, lifetime, type Received } from './freshness.ts'
import { has, type Lines, type Request } from './message.ts'
import { variesByAnything, varyMatches } from './vary.ts'

/** A response that a cache may have, with what it needs to know of it. */
export interface Stored extends Received {
  /** What the origin called it, and the 304 that confirmed it last ("" for none). */
  readonly id: string
  readonly confirmed: string
  readonly target: string
  readonly body: string
  /** Brought by GET. */
  readonly byGet: boolean
  /** Field lines of the requests it answered: that which brought it, and that which had it confirmed. */
  readonly requests: readonly Lines[]
  /** Names of fields that private="..." or no-cache="..." has listed: they may be gone since. */
  readonly dropped: readonly string[]
  /** Names of fields that a 304 has brought for the one who asked, by Lacquer's promise. */
  readonly forOne: readonly string[]
  /** Why it must not be stored at all. */
  readonly refused: string | undefined
  /** A later answer to an unsafe request concerns it (section 4.4). */
  readonly invalidated: boolean
  /** In the order of their arrival. */
  readonly serial: number
}

/** How the origin failed this request, if it did. */
export type Failure = 'none' | 'error' | 'disconnected'

/** Why a stored response must not answer the request without validation at that time (section 4); undefined when it may. */
export function refusesReuse(stored: Stored, request: Request, now_ms: number, failure: Failure): string | undefined {
  if (stored.refused !== undefined) return `it must not be stored: ${stored.refused}`
  if (stored.target !== request.target) return 'it is for another target'
  if (request.method !== 'GET' && request.method !== 'HEAD') return `it does not answer ${request.method}`
  if (!selects(stored, request)) return 'Vary selects another'
  if (stored.invalidated) return 'it was invalidated (section 4.4)'
  const said = new CacheControl(stored.lines)
  if (said.hasUnqualified('no-cache')) return 'it says no-cache'
  const asked = new CacheControl(request.lines)
  if (asked.has('no-cache')) return 'the request says no-cache'
  return refusesByAge(stored, said, asked, now_ms, failure)
}

export function selects(stored: Stored, request: Request): boolean {
  if (variesByAnything(stored.lines)) return false
  return stored.requests.some((lines) => varyMatches(stored.lines, lines, request.lines))
}

function refusesByAge(stored: Stored, said: CacheControl, asked: CacheControl, now_ms: number, failure: Failure): string | undefined {
  const age = currentAge(stored, now_ms)
  const life = lifetime(stored)
  const stale_s = age.least - life.most
  // Section 4.2: fresh while the lifetime exceeds the age. What may be used stale may be used so, too.
  // One that is immutable need not be validated for want of youth (RFC 8246 section 2.1).
  if (stale_s < 0 && said.has('immutable')) return undefined
  const wish = stale_s < 0 ? refusesFresh(asked, age, -stale_s) : 'it is stale'
  if (wish === undefined) return undefined
  if (stale_s < 0) return permitsStale(said, asked, age, stale_s, failure) ? undefined : wish
  if (prohibitsStale(said)) return `it is stale by ${stale_s} s, and says never to be used so (section 4.2.4)`
  if (permitsStale(said, asked, age, stale_s, failure)) return undefined
  return `it is stale by ${stale_s} s, which nobody permits (age ${age.least}, lifetime ${life.most})`
}

/** max-age and min-fresh of the request (sections 5.2.1.1, 5.2.1.3). */
function refusesFresh(asked: CacheControl, age: Bounds, left_s: number): string | undefined {
  const wanted = asked.lifetime('max-age')
  if (wanted !== undefined && age.least > wanted.most) return `the request wants max-age=${wanted.most}, it is ${age.least} s old`
  const minFresh = asked.permission('min-fresh')
  return minFresh !== undefined && left_s < minFresh.least
    ? `the request wants min-fresh=${minFresh.least}, ${left_s} s are left`
    : undefined
}

/** Section 4.2.4: must-revalidate, proxy-revalidate, s-maxage (which implies it), no-cache. */
export function prohibitsStale(said: CacheControl): boolean {
  return ['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => said.has(name))
}

/** max-stale (section 5.2.1.2), stale-while-revalidate and stale-if-error (RFC 5861), and being disconnected (section 4.2.4). */
function permitsStale(said: CacheControl, asked: CacheControl, age: Bounds, stale_s: number, failure: Failure): boolean {
  const failed = failure !== 'none'
  const onError = [said.permission('stale-if-error'), asked.permission('stale-if-error'), said.permission('stale-while-revalidate')]
  if (failed && stale_s <= most(...onError)) return true
  if (failure === 'disconnected') return true
  // The client that names an age or a rest of freshness does not wish a stale response, unless max-stale says so, too.
  const wanted = asked.lifetime('max-age')
  const maxStale = asked.isBare('max-stale') ? Infinity : most(asked.permission('max-stale'))
  if (stale_s <= maxStale && (wanted === undefined || age.least <= wanted.most)) return true
  return wanted === undefined && asked.permission('min-fresh') === undefined && stale_s <= most(said.permission('stale-while-revalidate'))
}

function most(...bounds: (Bounds | undefined)[]): number {
  return Math.max(...bounds.map((bound) => bound?.most ?? -1))
}

/** Fields that must not be in an answer from the store without validation: no-cache="..." and private="..." list them. */
export function keptFrom({ lines, forOne }: Stored): string[] {
  return [...withheld(lines), ...forOne]
}

export function withheld(lines: Lines): string[] {
  const said = new CacheControl(lines)
  return [...said.listed('no-cache'), ...said.listed('private')].filter((name) => has(lines, name))
}
