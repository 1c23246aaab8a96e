import type { RequestHead } from '../http/message.ts'
import type { RequestDirectives } from '../policy/directives.ts'
import type { Store, StoredObject } from '../store/contract.ts'
import type { Claims } from './claims.ts'
import type { Invalidations } from './invalidations.ts'

/** What a lookup found. */
export const LOOKUP = {
  /** `object` may be used as it is. */
  hit: 1,
  /** `object` is stale and may be used; if `busy` is set, the caller has to refresh it in the background. */
  hit_grace: 2,
  /** Nothing usable; `busy` is the right to fetch, `object` a stale one to validate if set. */
  miss: 3,
  /** Somebody is fetching it: park on `busy`. */
  wait: 4,
  /** A marker says not to wait for one another: fetch; `object` may be validated. */
  hitmiss: 5,
  /** A marker says not to look up at all. */
  hitpass: 6,
  /** As `wait`, but too many are waiting already. */
  crowded: 7,
  /** It lies on a disk: look up again when `cold` has thawed. */
  cold: 8,
} as const
export type Lookup = (typeof LOOKUP)[keyof typeof LOOKUP]

/** What a request asks of a lookup (req.* in VCL). */
export interface LookupRequest {
  readonly req: RequestHead
  readonly directives: RequestDirectives
  readonly hash_always_miss: boolean
  readonly hash_ignore_busy: boolean
  readonly hash_ignore_vary: boolean
  readonly req_grace_s: number | undefined
  readonly req_ttl_s: number | undefined
  /** How often this request has waited for a disk. After a few times it no longer does. */
  readonly thaws: number
  /** An object was found that has been invalidated, and has left. */
  invalidated(object: StoredObject): void
}

/** A request waits for a disk at most so often: what has left memory again by then is touched all the same. */
export const THAWS_MAX = 4

/** What a cache has in common with those of other workers. */
export interface CacheShared {
  readonly store: Store
  readonly claims: Claims
  readonly invalidations: Invalidations
}

export interface CacheLimits {
  /** Requests that may wait on one busy object; more are refused. */
  busy_waiters_max: number
  /** How long one may wait before it fetches for itself, ms. */
  busy_wait_timeout_ms: number
  /** Keys remembered at most, with the handles of their objects and their hit-for-miss and hit-for-pass markers. */
  keys_max: number
}

/** Counted by the worker. */
export interface CacheObserver {
  /** So many waiters had waited long enough. */
  gaveUp(waiters: number): void
}
