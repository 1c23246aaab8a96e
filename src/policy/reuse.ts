import type { Fields } from '../http/fields.ts'
import { ABSENT, NO_DIRECTIVES } from './directives.ts'
import type { RequestDirectives } from './directives.ts'
import { OBJ_IMMUTABLE, OBJ_NO_CACHE, OBJ_STALE_IF_ERROR } from './flags.ts'
import type { Policy } from './policy.ts'
import { responseControl } from './targeted.ts'

/** The part of a stored object's head that reuse depends on (store/contract.ts ObjectHead has it). */
export interface Reusable {
  readonly t_origin_ms: number
  /** Counted from t_origin_ms. */
  readonly ttl_ms: number
  readonly grace_ms: number
  readonly keep_ms: number
  readonly flags: number
}

/** What a request asks of a stored object: its Cache-Control, and req.ttl and req.grace of the rules, in seconds. */
export interface ReuseRequest {
  readonly directives: Readonly<RequestDirectives>
  readonly req_ttl_s: number | undefined
  readonly req_grace_s: number | undefined
}

/** What a stored object is good for, RFC 9111 section 4. */
export const REUSE = {
  /** Past ttl, grace and keep: as if it were not there. */
  no: 0,
  /** Serve it. */
  fresh: 1,
  /**
   * Serve it now and refresh it in the background: stale-while-revalidate (RFC 5861 section 3), the rules' grace, or the
   * client's max-stale (section 5.2.1.2).
   */
  stale: 2,
  /** Ask the origin first, conditionally if there is a validator (section 4.3); 504 if the client said only-if-cached. */
  revalidate: 3,
} as const
export type Reuse = (typeof REUSE)[keyof typeof REUSE]

/** Current age, section 4.2.3. */
export function currentAge_ms(object: Reusable, now_ms: number): number {
  return Math.max(0, now_ms - object.t_origin_ms)
}

/** Fresh in itself, whatever is asked of it. */
export function isFresh(object: Reusable, now_ms: number): boolean {
  return (object.flags & OBJ_NO_CACHE) === 0 && currentAge_ms(object, now_ms) < object.ttl_ms
}

/** May the object answer this request (section 4)? Arithmetic on numbers only: this runs on every hit. */
export function mayReuse(policy: Policy, object: Reusable, now_ms: number, request: ReuseRequest): Reuse {
  const age_ms = Math.max(0, now_ms - object.t_origin_ms)
  const ttl_ms = request.req_ttl_s === undefined ? object.ttl_ms : Math.min(object.ttl_ms, request.req_ttl_s * 1000)
  const grace_ms = request.req_grace_s === undefined ? object.grace_ms : Math.min(object.grace_ms, request.req_grace_s * 1000)
  const asked = policy.requestDirectives ? request.directives : NO_DIRECTIVES
  const fresh = age_ms < ttl_ms && (object.flags & OBJ_NO_CACHE) === 0
  if (fresh && satisfies(asked, object.flags, age_ms, ttl_ms - age_ms)) return REUSE.fresh
  if (policy.needsLife && object.ttl_ms <= 0) return REUSE.no
  if (age_ms >= ttl_ms && age_ms < ttl_ms + grace_ms && !insistsOnFresh(asked)) return REUSE.stale
  if (acceptsStale(policy, object, age_ms, asked)) return REUSE.stale
  return age_ms < object.ttl_ms + object.grace_ms + object.keep_ms ? REUSE.revalidate : REUSE.no
}

/** Section 5.2.1.1: max-age without max-stale wants no stale response; nor do no-cache and min-fresh. */
function insistsOnFresh(asked: Readonly<RequestDirectives>): boolean {
  return asked.no_cache || asked.max_age_ms !== ABSENT || asked.min_fresh_ms !== ABSENT
}

/** no-cache, max-age and min-fresh of the request (sections 5.2.1.4, 5.2.1.1, 5.2.1.3) against a fresh object. */
function satisfies(asked: Readonly<RequestDirectives>, flags: number, age_ms: number, remaining_ms: number): boolean {
  if (asked.no_cache || remaining_ms < asked.min_fresh_ms) return false
  // RFC 8246 section 2: while it is fresh it does not change, so that to validate it for its age would be in vain. no-cache insists.
  if ((flags & OBJ_IMMUTABLE) !== 0) return true
  // max-age=0 is how a browser reloads: no age, however small, is young enough.
  return asked.max_age_ms === ABSENT || (age_ms <= asked.max_age_ms && asked.max_age_ms > 0)
}

/** max-stale (section 5.2.1.2), unless the response forbids it (section 4.2.4) or max-age is exceeded as well. */
function acceptsStale(policy: Policy, object: Reusable, age_ms: number, asked: Readonly<RequestDirectives>): boolean {
  if (asked.max_stale_ms === ABSENT || asked.no_cache || asked.min_fresh_ms !== ABSENT) return false
  if ((object.flags & policy.prohibitsStale) !== 0) return false
  if (asked.max_age_ms !== ABSENT && age_ms > asked.max_age_ms) return false
  return age_ms >= object.ttl_ms && age_ms - object.ttl_ms <= asked.max_stale_ms
}

/** How a fetch failed: no answer at all, or a 500, 502, 503 or 504 (the errors of RFC 5861 section 4). */
export type FailureKind = 'disconnected' | 'status'

/** Which statuses stale-if-error covers, RFC 5861 section 4. */
export function isErrorStatus(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504)
}

/**
 * May the stale object stand in for a fetch that failed (RFC 9111 section 4.2.4, RFC 5861 section 4)? Its field lines are
 * read again here: errors are rare, and what the stored response says is then what counts.
 */
export function mayServeOnError(
  policy: Policy,
  object: Reusable & { readonly fields: Fields },
  now_ms: number,
  asked: Readonly<RequestDirectives>,
  failure: FailureKind,
): boolean {
  if (!policy.standsIn || asked.no_cache) return false
  const stale_ms = currentAge_ms(object, now_ms) - object.ttl_ms
  if (stale_ms < object.grace_ms) return true
  if ((object.flags & policy.prohibitsStale) !== 0) return false
  const said_ms = object.flags & OBJ_STALE_IF_ERROR ? responseControl(policy.targets, object.fields).stale_if_error_ms : ABSENT
  if (stale_ms < Math.max(said_ms, asked.stale_if_error_ms)) return true
  return failure === 'disconnected' && stale_ms < policy.disconnected_grace_ms
}
