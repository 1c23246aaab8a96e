import type { RequestHead } from '../http/message.ts'
import type { StoredObject } from '../store/contract.ts'
import type { Forwarded } from '../policy/cache-status.ts'
import { CLAIM_THEIRS } from './claims.ts'
import type { Variant } from './entry.ts'

/** A request parked on a busy object. */
export interface Waiter {
  readonly req: RequestHead
  /**
   * The response will do for this request: take a reader of `object.body` now, before any byte is consumed. `came`, here and below: what the
   * fetch came to, as far as it is known in this worker.
   */
  attach(object: StoredObject, came: Readonly<Forwarded> | undefined): void
  /** All waiters are attached: go on with the object. */
  joined(): void
  /** Look up again: the response was not for sharing, or not for this request, or another worker has stored it. */
  released(came: Readonly<Forwarded> | undefined): void
  /** It has waited long enough: look up again, and fetch without waiting for anybody. */
  gaveUp(): void
  /** The response is not for sharing between requests that came together: fetch, whatever is stored. */
  fetchAlone(): void
}

/**
 * A fetch under way that others may wait for: from the decision to fetch until the response's head is in. It is a
 * right, not a lock: whoever holds it ends it with Cache.insert, Cache.mark or Cache.fail, and it can be abandoned. When
 * another worker fetches, its stand-in here collects those who wait in this one.
 */
export class Busy {
  readonly variant: Variant
  /** Undefined until somebody waits, as hardly ever anybody does. */
  waiters: Set<Waiter> | undefined = undefined
  readonly since_ms: number
  /** As counted when it began: purged meanwhile, its waiters may have the response, later requests may not. */
  readonly purges: number
  /** The right as other workers know it. */
  claim: number
  /** Of the fetch, when it has begun. */
  came: Readonly<Forwarded> | undefined
  /** It was another worker's, and is anybody's here who looks up next. */
  free = false
  ended = false

  constructor(variant: Variant, since_ms: number, purges: number, claim: number) {
    this.variant = variant
    this.since_ms = since_ms
    this.purges = purges
    this.claim = claim
  }

  /** Is that so of all who wait? */
  everyone(fact: (req: RequestHead) => boolean): boolean {
    if (this.waiters !== undefined) for (const waiter of this.waiters) if (!fact(waiter.req)) return false
    return true
  }

  /** How many wait. */
  get count(): number {
    return this.waiters === undefined ? 0 : this.waiters.size
  }

  /** He waits no longer. */
  leave(waiter: Waiter): void {
    this.waiters?.delete(waiter)
  }

  /** Another worker fetches. */
  get elsewhere(): boolean {
    return this.claim === CLAIM_THEIRS
  }
}
