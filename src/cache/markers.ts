import type { Clock } from '../base/clock.ts'
import type { Claims } from './claims.ts'
import type { Variant } from './entry.ts'
import type { Keys } from './keys.ts'

/** Hit-for-miss and hit-for-pass: what a variant says instead of an object, for a time. */
export class Markers {
  private readonly clock: Clock
  private readonly claims: Claims
  private readonly keys: Keys

  constructor(clock: Clock, claims: Claims, keys: Keys) {
    this.clock = clock
    this.claims = claims
    this.keys = keys
  }

  holds(variant: Variant): boolean {
    if (variant.marker_until_ms <= this.clock.wall_ms) return false
    return variant.marker_purges === this.claims.purges(variant.entry.hash)
  }

  set(variant: Variant, ttl_ms: number, pass: boolean, xid = 0): void {
    variant.marker_until_ms = this.clock.wall_ms + ttl_ms
    variant.marker_pass = pass
    variant.marker_xid = xid
    variant.marker_purges = this.claims.purges(variant.entry.hash)
    // The store knows nothing of it.
    this.keys.remember(variant.entry)
  }

  clear(variant: Variant): void {
    variant.marker_until_ms = 0
  }
}
