import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import type { RequestHead } from '../http/message.ts'
import type { RequestDirectives } from '../policy/directives.ts'
import type { Policy } from '../policy/policy.ts'
import { REUSE, mayReuse } from '../policy/reuse.ts'
import { varySpec } from '../policy/vary.ts'
import type { Body, ObjectHead, RemovalReason, Store, StoredObject } from '../store/contract.ts'
import { Busy, type Waiter } from './busy.ts'
import { Entry, secondaryKey, type Variant } from './entry.ts'
import { Expiry } from './expiry.ts'
import { LooseObject } from './loose.ts'

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
}

export interface CacheLimits {
  /** Requests that may wait on one busy object; more are refused. */
  busy_waiters_max: number
  /** How long one may wait before it fetches for itself, ms. */
  busy_wait_timeout_ms: number
  /** Hit-for-miss and hit-for-pass markers kept at most. */
  markers_max: number
}

/** Counted by the worker. */
export interface CacheObserver {
  evicted(): void
  expired(): void
  /** So many waiters had waited long enough. */
  gaveUp(waiters: number): void
}

/** Keys to objects, and who fetches what. Synchronous throughout: within one worker a lookup cannot be interrupted. */
export class Cache {
  /** Results of the last `lookup`, valid until the next one. */
  object: StoredObject | undefined
  busy: Busy | undefined

  readonly store: Store
  private readonly policy: Policy
  private readonly clock: Clock
  private readonly limits: CacheLimits
  private readonly observer: CacheObserver
  private readonly entries = new Map<string, Entry>()
  private readonly busies = new Set<Busy>()
  private readonly expiry = new Expiry()
  private readonly markers: LRUCache<Variant, true>
  /** Which variant a live object belongs to. */
  private readonly placed = new WeakMap<StoredObject, Variant>()

  constructor(store: Store, policy: Policy, clock: Clock, limits: CacheLimits, observer: CacheObserver) {
    this.store = store
    this.policy = policy
    this.clock = clock
    this.limits = limits
    this.observer = observer
    this.markers = new LRUCache({ max: limits.markers_max, dispose: (_, variant) => this.unmark(variant) })
  }

  get keys(): number {
    return this.entries.size
  }

  lookup(key: string, request: LookupRequest): Lookup {
    this.object = undefined
    this.busy = undefined
    const entry = this.entries.get(key)
    if (entry === undefined) return this.claim(this.enter(key), request)
    const fields = request.req.fields
    const variant = request.hash_ignore_vary ? entry.selectAny() : entry.select(fields)
    if (variant === undefined || request.hash_always_miss) return this.claim(entry, request)
    return this.judge(entry, variant, request)
  }

  /** A response that may be stored. Those who waited and may share it join it, the others look up again. */
  insert(key: string, req: RequestHead, head: ObjectHead, body: Body, busy: Busy | undefined): StoredObject {
    const spec = varySpec(head.fields)
    const keep = busy === undefined || !busy.doomed
    const object = keep ? this.store.admit(head, body, this.onRemoved) : undefined
    if (object === undefined) {
      const loose = new LooseObject(head, body)
      if (busy !== undefined) this.hand(busy, loose, spec)
      return loose
    }
    const variant = this.enter(key).place(spec, req.fields)
    this.replace(variant, object)
    this.expiry.add(object, head.t_origin_ms + head.ttl_ms + head.grace_ms + head.keep_ms)
    // A response that is stale at birth must not line up those who want it next (varnish-cache issue 3461).
    if (!this.usable(head)) this.setMarker(variant, this.policy.uncacheable_ttl_ms, false)
    if (busy !== undefined) this.hand(busy, object, spec)
    return object
  }

  /** The stored object was validated: it lives on under a new head (RFC 9111 section 4.3.4). */
  freshen(key: string, object: StoredObject, head: ObjectHead, busy: Busy | undefined, req: RequestHead): StoredObject {
    if (!object.live) return this.insert(key, req, head, object.body, busy)
    this.store.rehead(object, head)
    this.expiry.add(object, head.t_origin_ms + head.ttl_ms + head.grace_ms + head.keep_ms)
    const variant = this.placed.get(object)
    if (variant !== undefined && variant.marker_until_ms !== 0 && head.ttl_ms > 0) this.clearMarker(variant)
    if (busy !== undefined) this.hand(busy, object, varySpec(head.fields))
    return object
  }

  /** A response that may not be stored: all who waited look up again at once and find the marker. */
  mark(key: string, req: RequestHead, busy: Busy | undefined, ttl_ms: number, pass: boolean): void {
    if (ttl_ms > 0) {
      const variant = busy !== undefined && !busy.doomed ? busy.variant : this.enter(key).claim(req.fields)
      this.setMarker(variant, ttl_ms, pass)
    }
    if (busy !== undefined) this.release(busy)
  }

  /** The fetch failed; those who waited for it share the error response. */
  fail(busy: Busy, error: StoredObject): void {
    this.hand(busy, error, undefined)
  }

  /** The right to fetch is given up without a response: whoever waited tries for himself. */
  abandon(busy: Busy): void {
    this.release(busy)
  }

  wait(busy: Busy, waiter: Waiter): void {
    busy.waiters.add(waiter)
  }

  /** Takes the objects of all variants of the key out; fetches under way will not be found either. */
  purge(key: string): number {
    const entry = this.entries.get(key)
    if (entry === undefined) return 0
    let purged = 0
    for (const variant of Array.from(entry.all())) {
      if (variant.object !== undefined) purged++
      this.purgeVariant(variant)
    }
    this.forget(entry)
    return purged
  }

  /** Its body broke half-way: it must not be found again. */
  discard(object: StoredObject): void {
    if (!object.live) return
    this.store.remove(object, 'purged')
    this.expiry.left()
    const variant = this.placed.get(object)
    if (variant !== undefined) this.vacate(variant, object)
  }

  /** Housekeeping, a bounded piece of it: ends objects whose time is over and waiters who waited too long. */
  sweep(objects_max = 1000): void {
    const now_ms = this.clock.wall_ms
    for (let n = 0; n < objects_max; n++) {
      const object = this.expiry.next(now_ms)
      if (object === undefined) break
      // Freshened since: it stands in the heap a second time, under its new end.
      if (this.endOf(object) <= now_ms) this.expire(object)
    }
    const patience_ms = this.clock.mono_ms - this.limits.busy_wait_timeout_ms
    for (const busy of this.busies) if (busy.since_ms < patience_ms && busy.waiters.size > 0) this.giveUp(busy)
  }

  /** Fresh, or stale within its grace. */
  private usable(head: ObjectHead): boolean {
    return head.t_origin_ms + head.ttl_ms + head.grace_ms > this.clock.wall_ms
  }

  private endOf(object: StoredObject): number {
    const head = object.head
    return head.t_origin_ms + head.ttl_ms + head.grace_ms + head.keep_ms
  }

  private judge(entry: Entry, variant: Variant, request: LookupRequest): Lookup {
    const now_ms = this.clock.wall_ms
    const object = variant.object
    const verdict = object === undefined ? REUSE.no : mayReuse(this.policy, object.head, now_ms, request)
    if (verdict === REUSE.fresh) {
      this.object = object
      return LOOKUP.hit
    }
    if (variant.marker_until_ms !== 0) {
      if (variant.marked(now_ms)) return this.marked(variant, object)
      this.clearMarker(variant)
    }
    this.object = object
    if (verdict === REUSE.stale) return this.graceHit(variant, request)
    return this.claim(entry, request)
  }

  private marked(variant: Variant, object: StoredObject | undefined): Lookup {
    this.object = object
    return variant.marker_pass ? LOOKUP.hitpass : LOOKUP.hitmiss
  }

  private graceHit(variant: Variant, request: LookupRequest): Lookup {
    if (variant.busy === undefined) this.busy = this.announce(variant, request)
    return LOOKUP.hit_grace
  }

  private claim(entry: Entry, request: LookupRequest): Lookup {
    const variant = entry.claim(request.req.fields)
    const busy = variant.busy
    if (busy === undefined) {
      this.busy = this.announce(variant, request)
      return LOOKUP.miss
    }
    if (request.hash_ignore_busy || request.hash_always_miss) return LOOKUP.miss
    this.busy = busy
    return busy.waiters.size >= this.limits.busy_waiters_max ? LOOKUP.crowded : LOOKUP.wait
  }

  private announce(variant: Variant, request: LookupRequest): Busy {
    const busy = new Busy(variant, request.req, this.clock.mono_ms)
    variant.busy = busy
    this.busies.add(busy)
    return busy
  }

  private enter(key: string): Entry {
    let entry = this.entries.get(key)
    if (entry === undefined) this.entries.set(key, (entry = new Entry(key)))
    return entry
  }

  private replace(variant: Variant, object: StoredObject): void {
    const old = variant.object
    variant.object = object
    this.placed.set(object, variant)
    if (variant.marker_until_ms !== 0) this.clearMarker(variant)
    if (old !== undefined) {
      this.store.remove(old, 'replaced')
      this.expiry.left()
    }
  }

  /** Ends the busy state and gives the object to those who waited and may have it. `spec` undefined: to all. */
  private hand(busy: Busy, object: StoredObject, spec: string | undefined): void {
    const waiters = this.finish(busy)
    if (waiters.length === 0) return
    const key = spec === undefined ? '' : secondaryKey(spec, busy.req.fields)
    const others: Waiter[] = []
    const joined: Waiter[] = []
    for (const waiter of waiters) {
      const same = spec === undefined || spec === '' || secondaryKey(spec, waiter.req.fields) === key
      const fits = same && (spec === undefined || this.usable(object.head))
      ;(fits ? joined : others).push(waiter)
    }
    for (const waiter of joined) waiter.attach(object)
    for (const waiter of joined) waiter.joined()
    for (const waiter of others) waiter.released()
  }

  private release(busy: Busy): void {
    for (const waiter of this.finish(busy)) waiter.released()
  }

  private finish(busy: Busy): Waiter[] {
    this.busies.delete(busy)
    const variant = busy.variant
    if (variant.busy === busy) {
      variant.busy = undefined
      this.tidy(variant)
    }
    const waiters = Array.from(busy.waiters)
    busy.waiters.clear()
    return waiters
  }

  /** Rule 5 of coalescing: who waited too long fetches for himself; the busy object stops collecting. */
  private giveUp(busy: Busy): void {
    const waiters = Array.from(busy.waiters)
    busy.waiters.clear()
    if (busy.variant.busy === busy) busy.variant.busy = undefined
    this.busies.delete(busy)
    this.observer.gaveUp(waiters.length)
    for (const waiter of waiters) waiter.released()
  }

  private purgeVariant(variant: Variant): void {
    if (variant.busy !== undefined) {
      variant.busy.doomed = true
      variant.busy = undefined
    }
    if (variant.marker_until_ms !== 0) this.clearMarker(variant)
    const object = variant.object
    if (object !== undefined) {
      variant.object = undefined
      this.store.remove(object, 'purged')
      this.expiry.left()
    }
    variant.entry.drop(variant)
  }

  private expire(object: StoredObject): void {
    const variant = this.placed.get(object)
    this.store.remove(object, 'expired')
    this.observer.expired()
    if (variant !== undefined) this.vacate(variant, object)
  }

  private readonly onRemoved = (object: StoredObject, reason: RemovalReason): void => {
    if (reason === 'evicted') this.observer.evicted()
    this.expiry.left()
    const variant = this.placed.get(object)
    if (variant !== undefined) this.vacate(variant, object)
  }

  private vacate(variant: Variant, object: StoredObject): void {
    if (variant.object === object) variant.object = undefined
    this.tidy(variant)
  }

  private setMarker(variant: Variant, ttl_ms: number, pass: boolean): void {
    variant.marker_until_ms = this.clock.wall_ms + ttl_ms
    variant.marker_pass = pass
    this.markers.set(variant, true)
  }

  /** Through the list of markers, whose `dispose` does it. */
  private clearMarker(variant: Variant): void {
    this.markers.delete(variant)
  }

  private unmark(variant: Variant): void {
    variant.marker_until_ms = 0
    this.tidy(variant)
  }

  private tidy(variant: Variant): void {
    variant.entry.drop(variant)
    this.forget(variant.entry)
  }

  private forget(entry: Entry): void {
    if (entry.empty && this.entries.get(entry.key) === entry) this.entries.delete(entry.key)
  }
}
