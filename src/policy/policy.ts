import { OBJ_PROHIBITS_STALE } from './flags.ts'

export type PolicyName = 'rfc9111' | 'varnish'

/** The parameters a policy looks at, in milliseconds. */
export interface PolicyParams {
  default_ttl_ms: number
  default_grace_ms: number
  default_keep_ms: number
  uncacheable_ttl_ms: number
  clock_skew_ms: number
  /** Names of fields, in lower case. */
  targets: readonly string[]
  consumed: readonly string[]
  range_support: boolean
  queries: boolean
  searches: boolean
}

/**
 * The table of answers that tells the two policies apart: everything in this folder is the same code under both. It is
 * made when parameters change, never per request.
 */
export interface Policy {
  readonly name: PolicyName
  /** Does this folder decide what may be stored (RFC 9111 section 3)? With policy=varnish builtin.vcl does. */
  readonly decidesStorage: boolean
  /** Are the Cache-Control directives of requests heard (section 5.2.1)? */
  readonly requestDirectives: boolean
  /** Fields that are heard in place of Cache-Control, the first one first (RFC 9213 section 2.2). */
  readonly targets: readonly string[]
  /** Fields that speak to us alone: they are not handed on to clients. */
  readonly consumed: readonly string[]
  /** Are the answers to QUERY stored, by its content? */
  readonly queries: boolean
  /** Is No-Vary-Search heard? */
  readonly searches: boolean
  /** May a lifetime be guessed from Last-Modified (section 4.2.2)? */
  readonly heuristics: boolean
  /**
   * Does a request find more than what was stored for its own words: what is in the language that it prefers (section 4.1), and what
   * the origin says will do (section 4.3.1)?
   */
  readonly matchesByMeaning: boolean
  /**
   * How ranges are answered: as RFC 9110 section 14 has it, with partial responses stored (RFC 9111 section 3.3); as Varnish does; or not at
   * all (http_range_support=off).
   */
  readonly ranges: 'rfc' | 'varnish' | 'off'
  /** Do conditions apply to any success (RFC 9110 section 13.2.1), and does a 304 say nothing of the body (section 15.4.5)? */
  readonly conditionsByRfc: boolean
  /** Does the cache itself answer the conditions and ranges of what goes around the store? (Of GET and HEAD: varnishd has a 304 for a POST, too.) */
  readonly answersPassed: boolean
  /** Do unsafe methods invalidate (section 4.4)? */
  readonly unsafeInvalidates: boolean
  /**
   * Bits of a stored response that forbid serving it stale (section 4.2.4). Grace set by the operator's rules is the
   * operator's own permission and is not held against them.
   */
  readonly prohibitsStale: number
  /**
   * How long past its lifetime any other response may be served while its origin cannot be reached: section 4.2.4 lets a
   * disconnected cache do so without being told. Under rfc9111 this is what default_grace stands for.
   */
  readonly disconnected_grace_ms: number
  /** May a stale object stand in for a fetch that failed, besides being served in its grace while one is made? */
  readonly standsIn: boolean
  /** Is a response whose life was over when it was made of no use, whatever its grace and keep? */
  readonly needsLife: boolean
  /** Does every response of an origin get an Age, or only one that was stored, or that is older than a second? */
  readonly alwaysAge: boolean
  /** Lifetime of a response that states none. */
  readonly default_ttl_ms: number
  /** Grace of a response that states none. Under rfc9111 nothing: all grace there is somebody's permission. */
  readonly default_grace_ms: number
  /** How long beyond ttl and grace an object stays: without, and with, a validator. */
  readonly default_keep_ms: number
  readonly validatable_keep_ms: number
  /** Life of a hit-for-miss marker. */
  readonly uncacheable_ttl_ms: number
  /** Difference between Date and our clock up to which Expires is read against our clock (policy=varnish). */
  readonly clock_skew_ms: number
}

/** default_keep=0 under rfc9111: an object that can be validated stays for as long as the store has room. */
const UNTIL_EVICTED_MS = 365 * 86_400_000

/** Nothing is reused without permission; what is kept beyond its permission serves validation, and disconnection. */
function rfc9111(params: PolicyParams): Policy {
  const keep_ms = params.default_keep_ms
  return {
    name: 'rfc9111',
    decidesStorage: true,
    requestDirectives: true,
    targets: params.targets,
    consumed: params.consumed,
    queries: params.queries,
    searches: params.searches,
    heuristics: true,
    matchesByMeaning: true,
    ranges: params.range_support ? 'rfc' : 'off',
    conditionsByRfc: true,
    answersPassed: false,
    unsafeInvalidates: true,
    prohibitsStale: OBJ_PROHIBITS_STALE,
    disconnected_grace_ms: params.default_grace_ms,
    standsIn: true,
    needsLife: false,
    alwaysAge: false,
    default_ttl_ms: 0,
    default_grace_ms: 0,
    default_keep_ms: Math.max(keep_ms, params.default_grace_ms),
    validatable_keep_ms: keep_ms > 0 ? keep_ms : UNTIL_EVICTED_MS,
    uncacheable_ttl_ms: params.uncacheable_ttl_ms,
    clock_skew_ms: params.clock_skew_ms,
  }
}

/** What rule files written for Varnish expect. */
function varnish(params: PolicyParams): Policy {
  return {
    name: 'varnish',
    decidesStorage: false,
    requestDirectives: false,
    targets: [],
    consumed: [],
    queries: false,
    searches: false,
    heuristics: false,
    matchesByMeaning: false,
    ranges: params.range_support ? 'varnish' : 'off',
    conditionsByRfc: false,
    answersPassed: true,
    unsafeInvalidates: false,
    prohibitsStale: 0,
    disconnected_grace_ms: 0,
    standsIn: false,
    needsLife: true,
    alwaysAge: true,
    default_ttl_ms: params.default_ttl_ms,
    default_grace_ms: params.default_grace_ms,
    default_keep_ms: params.default_keep_ms,
    validatable_keep_ms: params.default_keep_ms,
    uncacheable_ttl_ms: params.uncacheable_ttl_ms,
    clock_skew_ms: params.clock_skew_ms,
  }
}

/** The parameters' defaults, as in Varnish. */
export const DEFAULT_PARAMS: PolicyParams = {
  default_ttl_ms: 120_000,
  default_grace_ms: 10_000,
  default_keep_ms: 0,
  uncacheable_ttl_ms: 120_000,
  clock_skew_ms: 10_000,
  targets: ['lacquer-cache-control', 'cdn-cache-control', 'surrogate-control'],
  consumed: ['lacquer-cache-control', 'surrogate-control'],
  range_support: true,
  queries: false,
  searches: false,
}

export function policyFor(name: PolicyName, params: PolicyParams = DEFAULT_PARAMS): Policy {
  return name === 'varnish' ? varnish(params) : rfc9111(params)
}
