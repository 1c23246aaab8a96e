import type { ObjectHead, SoftPurge } from '../contract.ts'

/**
 * What a soft purge leaves of a head. One that is to have no life at all has had one: it counts as made a millisecond earlier and stale
 * since, because what never was fresh is not served stale either where Varnish's rules hold.
 */
export function soften(head: ObjectHead, { stale_ms, grace_ms, keep_ms }: SoftPurge): void {
  const life_ms = Math.min(head.ttl_ms, stale_ms - head.t_origin_ms)
  if (life_ms > 0 || head.ttl_ms <= 0) head.ttl_ms = Math.min(head.ttl_ms, Math.max(0, life_ms))
  else {
    head.t_origin_ms--
    head.ttl_ms = 1
  }
  head.grace_ms = Math.min(head.grace_ms, grace_ms)
  head.keep_ms = Math.min(head.keep_ms, keep_ms)
}
