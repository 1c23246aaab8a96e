import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import type { Policy } from '../policy/policy.ts'
import { REUSE, mayReuse } from '../policy/reuse.ts'
import { varySpec } from '../policy/vary.ts'
import type { Body, ObjectHead, RemovalReason, Store, StoredObject } from '../store/contract.ts'
import { Busy, type Waiter } from './busy.ts'
import { Entry, secondaryKey, Variant } from './entry.ts'
import { Expiry } from './expiry.ts'
import { LOOKUP, type CacheLimits, type CacheObserver, type Lookup, type LookupRequest } from './lookup.ts'
import { LooseObject } from './loose.ts'

/** How long those who could not share an error page fetch side by side. */
const LEFT_OUT_MS = 1000

/** Keys to objects, and who fetches what. Synchronous throughout: within one worker a lookup cannot be interrupted. */
export class Cache {
  /** Results of the last `lookup`, valid until the next one. */
  object: StoredObject | undefined
  busy: Busy | undefined
  /** After hitmiss and hitpass: the fetch that left the marker, and how long it still holds. */
  marker_xid = 0
  marker_left_ms = 0

  readonly store: Store
  private readonly policy: Policy
  private readonly clock: Clock
  private readonly limits: CacheLimits
  private readonly observer: CacheObserver
  private readonly entries = new Map<string, Entry>()
  private readonly busies = new Set<Busy>()
  private readonly expiry = new Expiry()
  private readonly markers: LRUCache<Variant, true>

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

  /** Deadlines kept; more than objects, but not much. */
  get deadlines(): number {
    return this.expiry.size
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
      if (busy !== undefined) this.share(busy, loose, spec, req.fields)
      return loose
    }
    const variant = this.enter(key).place(spec, req.fields)
    this.replace(variant, object)
    this.expiry.add(variant, endOf(head))
    this.markUnusable(variant, head)
    if (busy !== undefined) this.share(busy, object, spec, req.fields)
    return object
  }

  /** The stored object was validated: it lives on under a new head (RFC 9111 section 4.3.4). */
  freshen(key: string, object: StoredObject, head: ObjectHead, busy: Busy | undefined, req: RequestHead): StoredObject {
    if (!object.live) return this.revive(key, object, head, busy, req)
    const sooner = endOf(head) < endOf(object.head)
    this.store.rehead(object, head)
    const spec = varySpec(head.fields)
    // A new head that found no room is out of the store again.
    if (object.live) this.refile(this.enter(key).place(spec, req.fields), object, sooner)
    if (busy !== undefined) this.share(busy, object, spec, req.fields)
    return object
  }

  /** A response that may not be stored: all who waited look up again at once and find the marker. */
  mark(key: string, req: RequestHead, busy: Busy | undefined, ttl_ms: number, pass: boolean, xid = 0): void {
    if (ttl_ms > 0) {
      const variant = busy !== undefined && busy.variant.busy === busy ? busy.variant : this.enter(key).claim(req.fields)
      this.setMarker(variant, ttl_ms, pass, xid)
    }
    if (busy !== undefined) this.release(busy)
  }

  /** The fetch failed: `object` stands in for those who waited and for whom it will do. */
  fail(busy: Busy, object: StoredObject, willDo: (req: RequestHead) => boolean): void {
    const { variant } = busy
    // Those for whom it will not do must not line up either, to fail one after the other.
    if (variant.busy === busy && variant.object === undefined && !everyone(busy, willDo)) {
      this.setMarker(variant, LEFT_OUT_MS, false, object.head.xid)
    }
    this.hand(busy, object, willDo)
  }

  /** Would this request have found the object, as far as Vary goes? */
  selects(object: StoredObject, req: RequestHead): boolean {
    const variant = placeOf(object)
    return variant !== undefined && variant.key === secondaryKey(varySpec(object.head.fields), req.fields)
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
    const variant = placeOf(object)
    object.place = undefined
    this.store.remove(object, 'purged')
    this.expiry.left()
    if (variant !== undefined) this.vacate(variant, object)
  }

  /** Housekeeping, a bounded piece of it: ends objects whose time is over and waiters who waited too long. */
  sweep(objects_max = 1000): void {
    const now_ms = this.clock.wall_ms
    for (let n = 0; n < objects_max; n++) {
      const object = this.expiry.next(now_ms)
      if (object === undefined) break
      // Freshened since, it has a later end.
      if (endOf(object.head) <= now_ms) this.expire(object)
      else this.refileLater(object)
    }
    const patience_ms = this.clock.mono_ms - this.limits.busy_wait_timeout_ms
    for (const busy of this.busies) if (busy.since_ms < patience_ms && busy.waiters.size > 0) this.giveUp(busy)
  }

  /** Fresh, or stale within its grace. */
  private usable(head: ObjectHead): boolean {
    return head.t_origin_ms + head.ttl_ms + head.grace_ms > this.clock.wall_ms
  }

  private judge(entry: Entry, variant: Variant, request: LookupRequest): Lookup {
    const now_ms = this.clock.wall_ms
    const object = variant.object
    const verdict = object === undefined ? REUSE.no : mayReuse(this.policy, object.head, now_ms, request)
    if (verdict === REUSE.fresh) {
      this.object = object
      return LOOKUP.hit
    }
    this.object = object
    if (variant.marked(now_ms)) return this.marked(variant)
    if (verdict === REUSE.stale) return this.graceHit(variant)
    return this.claim(entry, request)
  }

  private marked(variant: Variant): Lookup {
    this.marker_xid = variant.marker_xid
    this.marker_left_ms = variant.marker_until_ms - this.clock.wall_ms
    return variant.marker_pass ? LOOKUP.hitpass : LOOKUP.hitmiss
  }

  private graceHit(variant: Variant): Lookup {
    if (variant.busy === undefined) this.busy = this.announce(variant)
    return LOOKUP.hit_grace
  }

  private claim(entry: Entry, request: LookupRequest): Lookup {
    const variant = entry.claim(request.req.fields)
    // The object judged may be another variant's, and hide the marker.
    if (!request.hash_always_miss && variant.marked(this.clock.wall_ms)) return this.marked(variant)
    const busy = variant.busy
    if (busy === undefined) {
      this.busy = this.announce(variant)
      return LOOKUP.miss
    }
    if (request.hash_ignore_busy || request.hash_always_miss) return LOOKUP.miss
    this.busy = busy
    return busy.waiters.size >= this.limits.busy_waiters_max ? LOOKUP.crowded : LOOKUP.wait
  }

  private announce(variant: Variant): Busy {
    const busy = new Busy(variant, this.clock.mono_ms)
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
    object.place = variant
    if (variant.marker_until_ms !== 0) this.clearMarker(variant)
    if (old === undefined || old === object) return
    old.place = undefined
    this.store.remove(old, 'replaced')
    this.expiry.left()
  }

  /** The object left the store while it was validated. Evicted it comes back; what was purged or replaced does not. */
  private revive(key: string, object: StoredObject, head: ObjectHead, busy: Busy | undefined, req: RequestHead): StoredObject {
    if (placeOf(object) !== undefined) return this.insert(key, req, head, object.body, busy)
    const loose = new LooseObject(head, object.body)
    if (busy !== undefined) this.share(busy, loose, varySpec(head.fields), req.fields)
    return loose
  }

  /** A 304 may bring another Vary, and so another place. `sooner`: the object ends before it was to end. */
  private refile(variant: Variant, object: StoredObject, sooner: boolean): void {
    const before = placeOf(object)
    this.replace(variant, object)
    if (before !== variant || sooner) this.expiry.moved(variant, endOf(object.head))
    if (before !== undefined && before !== variant) this.vacate(before, object)
    this.markUnusable(variant, object.head)
  }

  /** A response that is stale at birth must not line up those who want it next (varnish-cache issue 3461). */
  private markUnusable(variant: Variant, head: ObjectHead): void {
    if (!this.usable(head)) this.setMarker(variant, this.policy.uncacheable_ttl_ms, false, head.xid)
  }

  /** To those who waited and are of the same variant as the request that was answered, if it is of any use to them. */
  private share(busy: Busy, object: StoredObject, spec: string, answered: Fields): void {
    // Whatever the origin permits later requests: nobody is handed the cookie that another's request has just been given.
    if (object.head.fields.has('set-cookie')) return this.separate(busy)
    const key = secondaryKey(spec, answered)
    const usable = this.usable(object.head)
    this.hand(busy, object, (req) => usable && (spec === '' || secondaryKey(spec, req.fields) === key))
  }

  /** Ends the busy state and gives the object to those who waited and for whom it will do. */
  private hand(busy: Busy, object: StoredObject, willDo: (req: RequestHead) => boolean): void {
    const waiters = this.finish(busy)
    if (waiters.length === 0) return
    const others: Waiter[] = []
    const joined: Waiter[] = []
    for (const waiter of waiters) (willDo(waiter.req) ? joined : others).push(waiter)
    for (const waiter of joined) waiter.attach(object)
    for (const waiter of joined) waiter.joined()
    for (const waiter of others) waiter.released()
  }

  private separate(busy: Busy): void {
    for (const waiter of this.finish(busy)) waiter.fetchAlone()
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
    for (const waiter of waiters) waiter.gaveUp()
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
      object.place = undefined
      this.store.remove(object, 'purged')
      this.expiry.left()
    }
    variant.entry.drop(variant)
  }

  private refileLater(object: StoredObject): void {
    const variant = placeOf(object)
    if (variant !== undefined) this.expiry.add(variant, endOf(object.head))
  }

  private expire(object: StoredObject): void {
    const variant = placeOf(object)
    this.store.remove(object, 'expired')
    this.observer.expired()
    if (variant !== undefined) this.vacate(variant, object)
  }

  private readonly onRemoved = (object: StoredObject, reason: RemovalReason): void => {
    if (reason === 'evicted') this.observer.evicted()
    this.expiry.left()
    const variant = placeOf(object)
    if (variant !== undefined) this.vacate(variant, object)
  }

  private vacate(variant: Variant, object: StoredObject): void {
    if (variant.object === object) variant.object = undefined
    this.tidy(variant)
  }

  private setMarker(variant: Variant, ttl_ms: number, pass: boolean, xid = 0): void {
    variant.marker_until_ms = this.clock.wall_ms + ttl_ms
    variant.marker_pass = pass
    variant.marker_xid = xid
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

function everyone(busy: Busy, willDo: (req: RequestHead) => boolean): boolean {
  for (const waiter of busy.waiters) if (!willDo(waiter.req)) return false
  return true
}

/** When nothing about it is of use any more. */
function endOf(head: ObjectHead): number {
  return head.t_origin_ms + head.ttl_ms + head.grace_ms + head.keep_ms
}

/** The variant a live object belongs to: kept with the object, for a WeakMap of all objects costs each collection its size. */
function placeOf(object: StoredObject): Variant | undefined {
  return object.place instanceof Variant ? object.place : undefined
}
