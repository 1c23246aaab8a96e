import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import type { Policy } from '../policy/policy.ts'
import { REUSE, mayReuse } from '../policy/reuse.ts'
import { varySpec } from '../policy/vary.ts'
import type { Cold, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { outdates, type Arrival, type FetchBegun } from './begun.ts'
import type { Busy, Waiter } from './busy.ts'
import { CLAIM_END, type Claims } from './claims.ts'
import { copyBody, REVIVED_MAX_BYTES } from './copy.ts'
import { Entry, hold, isLive, placeOf, plainId, secondaryKey, Variant, variantId } from './entry.ts'
import type { Invalidations } from './invalidations.ts'
import { LOOKUP, THAWS_MAX, type CacheLimits, type CacheObserver, type CacheShared, type Lookup, type LookupRequest } from './lookup.ts'
import { LooseObject } from './loose.ts'
import { Markers } from './markers.ts'
import { Rights } from './rights.ts'

/** How long those who could not share an error page fetch side by side. */
const LEFT_OUT_MS = 1000
/** lru-cache writes into its options: given none, each hit would allocate some. */
const GET_OPTIONS = {}

/**
 * Keys to objects, and who fetches what. What is stored is the store's, which workers share; a worker remembers the objects it
 * has found (their handles), and asks each whether it is still there. Synchronous throughout: within one worker a lookup
 * cannot be interrupted.
 */
export class Cache {
  /** Results of the last `lookup`, valid until the next one. */
  object: StoredObject | undefined
  busy: Busy | undefined
  /** After `cold`: what is to be waited for. */
  cold: Cold | undefined
  /** After hitmiss and hitpass: the fetch that left the marker, and how long it still holds. */
  marker_xid = 0
  marker_left_ms = 0

  readonly store: Store
  private readonly policy: Policy
  private readonly clock: Clock
  private readonly limits: CacheLimits
  private readonly claims: Claims
  private readonly invalidations: Invalidations
  private readonly markers: Markers
  private readonly entries: LRUCache<string, Entry>
  /** Entries with fetches under way are not forgotten. */
  private readonly held = new Map<string, Entry>()
  private readonly rights: Rights

  constructor(shared: CacheShared, policy: Policy, clock: Clock, limits: CacheLimits, observer: CacheObserver) {
    const { store, claims, invalidations } = shared
    this.store = store
    this.policy = policy
    this.clock = clock
    this.limits = limits
    this.rights = new Rights(claims, clock, observer, (variant) => this.vacated(variant))
    this.claims = claims
    this.markers = new Markers(clock, claims)
    this.invalidations = invalidations
    this.entries = new LRUCache({ max: limits.keys_max, dispose: (entry, key) => this.disposed(entry, key) })
  }

  /** Keys remembered. */
  get keys(): number {
    return this.entries.size + this.held.size
  }

  /** Purges counted for the key, and for others with it: unchanged, it was not purged meanwhile. */
  purges(key: string): number {
    return this.claims.purges(key)
  }

  /** Of the newest invalidation. */
  get serial(): number {
    return this.invalidations.newest
  }

  lookup(key: string, request: LookupRequest): Lookup {
    this.object = undefined
    this.busy = undefined
    const entry = this.enter(key)
    const waits = request.thaws >= THAWS_MAX
    entry.refresh(waits)
    if (this.store.cold !== undefined) return this.chilled(this.store.cold)
    const { fields } = request.req
    const variant = request.hash_ignore_vary ? entry.selectAny(fields, waits) : entry.select(fields, waits)
    if (this.store.cold !== undefined) return this.chilled(this.store.cold)
    if (variant === undefined || request.hash_always_miss) return this.claim(entry, request)
    return this.judge(entry, variant, request)
  }

  /**
   * A response that may be stored: its object, whose body is to be filled. Those who waited and may share it join it, the others
   * look up again.
   */
  insert(key: string, req: RequestHead, head: ObjectHead, expected_bytes: number, busy: Busy | undefined, begun: FetchBegun): StoredObject {
    const spec = varySpec(head.fields)
    const stored = this.admit({ key, spec, fields: req.fields, head, begun }, expected_bytes)
    const object = stored ?? new LooseObject(head, this.store.transit(expected_bytes), undefined, begun.serial)
    if (busy !== undefined) this.share(busy, object, spec, req.fields)
    return object
  }

  /** The stored object was validated: it lives on under a new head (RFC 9111 section 4.3.4). */
  freshen(key: string, object: StoredObject, head: ObjectHead, busy: Busy | undefined, req: RequestHead, begun: FetchBegun): StoredObject {
    const spec = varySpec(head.fields)
    const arrival = { key, spec, fields: req.fields, head, begun }
    const fresh = this.renew(arrival, object) ?? new LooseObject(head, object.body, object.store, object.checked)
    if (busy !== undefined) this.share(busy, fresh, spec, req.fields)
    return fresh
  }

  /** What is stored for other requests for the URL and the origin may be asked about, besides `own` (RFC 9111 section 4.3.1). */
  others(key: string, req: RequestHead, own: StoredObject | undefined): StoredObject[] {
    const named = this.policy.namesOthers ? this.entries.peek(key)?.others(own) : undefined
    return named?.filter((object) => this.invalidations.spares(object, req)) ?? []
  }

  /** A response that may not be stored: all who waited look up again at once and find the marker. */
  mark(key: string, req: RequestHead, busy: Busy | undefined, ttl_ms: number, pass: boolean, xid = 0): void {
    if (ttl_ms > 0) {
      const variant = busy !== undefined && busy.variant.busy === busy ? busy.variant : this.enter(key).claim(req.fields)
      this.markers.set(variant, ttl_ms, pass, xid)
    }
    // The marker is ours: whoever looked up again in another worker would not find it, and wait for one more fetch.
    if (busy !== undefined) this.rights.release(busy, ttl_ms > 0 ? CLAIM_END.alone : CLAIM_END.look)
  }

  /** The fetch failed: `object` stands in for those who waited and for whom it will do. */
  fail(busy: Busy, object: StoredObject, willDo: (req: RequestHead) => boolean): void {
    const { variant } = busy
    // Those for whom it will not do must not line up either, to fail one after the other.
    if (variant.busy === busy && !isLive(variant) && !busy.everyone(willDo)) {
      this.markers.set(variant, LEFT_OUT_MS, false, object.head.xid)
    }
    this.rights.hand(busy, object, willDo, CLAIM_END.apart)
  }

  /** Would this request have found the object, as far as Vary goes? */
  selects(object: StoredObject, req: RequestHead): boolean {
    const variant = placeOf(object)
    return variant !== undefined && variant.key === secondaryKey(varySpec(object.head.fields), req.fields)
  }

  /** The right to fetch is given up without a response: whoever waited tries for himself. */
  abandon(busy: Busy): void {
    this.rights.release(busy)
  }

  wait(busy: Busy, waiter: Waiter): void {
    busy.waiters.add(waiter)
  }

  /** Takes the objects of all variants of the key out, for all workers; fetches under way will not be found either. */
  purge(key: string): number {
    this.claims.countPurge(key)
    const entry = this.enter(key)
    entry.refresh(true)
    const purged = entry.stored
    for (const variant of entry.all()) this.purgeVariant(variant)
    // Without it nobody can name the variants that other workers have stored.
    if (entry.note !== undefined) this.store.remove(entry.note)
    // Whatever is there and could not be seen: it was being moved, or another worker has just stored it.
    this.store.discard(plainId(key))
    entry.refresh(true)
    this.forget(entry)
    return purged
  }

  /** Objects stored under the key, as far as they are known here. */
  known(key: string): number {
    const entry = this.enter(key)
    entry.refresh(true)
    return entry.stored
  }

  /** Has nothing invalidated the object since? As lookups look at what they find. */
  spares(object: StoredObject, req: RequestHead): boolean {
    return this.invalidations.spares(object, req)
  }

  /** Its body broke half-way: it must not be found again. */
  discard(object: StoredObject): void {
    if (!object.live) return
    const variant = placeOf(object)
    this.store.remove(object)
    if (variant === undefined) return
    if (variant.object === object) variant.object = undefined
    this.tidy(variant)
  }

  /** Housekeeping, a bounded piece of it: ends objects whose time is over and waiters who waited too long. */
  sweep(objects_max = 1000): void {
    this.store.expire(this.clock.wall_ms, objects_max)
    this.rights.sweep(this.limits.busy_wait_timeout_ms)
  }

  /** Fresh, or stale within its grace. */
  private usable(head: ObjectHead): boolean {
    return head.t_origin_ms + head.ttl_ms + head.grace_ms > this.clock.wall_ms
  }

  private judge(entry: Entry, variant: Variant, request: LookupRequest): Lookup {
    const now_ms = this.clock.wall_ms
    const { object } = variant
    if (object === undefined || !object.live) return this.markers.holds(variant) ? this.toldBy(variant) : this.claim(entry, request)
    if (!this.invalidations.spares(object, request.req)) return this.lookBehind(entry, object, request)
    const verdict = mayReuse(this.policy, object.head, now_ms, request)
    this.object = object
    if (verdict === REUSE.fresh) {
      if (entry.note !== undefined) this.store.touch(entry.note)
      return LOOKUP.hit
    }
    if (this.markers.holds(variant)) return this.toldBy(variant)
    if (verdict === REUSE.stale) return this.graceHit(variant, object)
    if (verdict === REUSE.no) this.object = undefined
    return this.claim(entry, request)
  }

  /** The object leaves, and there may be another for the request. */
  private lookBehind(entry: Entry, object: StoredObject, request: LookupRequest): Lookup {
    request.invalidated(object)
    this.discard(object)
    return object.live ? this.claim(entry, request) : this.lookup(entry.key, request)
  }

  private chilled(cold: Cold): Lookup {
    this.store.cold = undefined
    this.cold = cold
    return LOOKUP.cold
  }

  private toldBy(variant: Variant): Lookup {
    this.marker_xid = variant.marker_xid
    this.marker_left_ms = variant.marker_until_ms - this.clock.wall_ms
    return variant.marker_pass ? LOOKUP.hitpass : LOOKUP.hitmiss
  }

  private graceHit(variant: Variant, served: StoredObject): Lookup {
    const busy = this.rights.of(variant) === undefined ? this.rights.takeFree(variant) : undefined
    // Between our look and our claim another worker may have refreshed it.
    if (busy !== undefined && !served.live) this.rights.release(busy)
    else this.busy = busy
    return LOOKUP.hit_grace
  }

  private claim(entry: Entry, request: LookupRequest): Lookup {
    const variant = entry.claim(request.req.fields)
    // The object judged may be another variant's, and hide the marker.
    if (!request.hash_always_miss && this.markers.holds(variant)) return this.toldBy(variant)
    const underWay = this.rights.of(variant)
    const busy = underWay ?? this.rights.take(variant)
    if (underWay === undefined && !busy.elsewhere) return this.lookAgain(entry, busy, request)
    if (busy.free) return this.inherit(busy)
    if (request.hash_ignore_busy || request.hash_always_miss) return LOOKUP.miss
    this.busy = busy
    return busy.waiters.size >= this.limits.busy_waiters_max ? LOOKUP.crowded : LOOKUP.wait
  }

  private inherit(busy: Busy): Lookup {
    busy.free = false
    this.busy = busy
    return LOOKUP.miss
  }

  /** The right to fetch is ours; but between our look and our claim another worker may have fetched it. */
  private lookAgain(entry: Entry, mine: Busy, request: LookupRequest): Lookup {
    this.busy = mine
    if (mine.claim < 0 || request.hash_always_miss) return LOOKUP.miss
    entry.refresh(true)
    const found = entry.select(request.req.fields, true)?.object
    if (found === undefined || found === this.object || !found.live || !this.invalidations.spares(found, request.req)) return LOOKUP.miss
    if (mayReuse(this.policy, found.head, this.clock.wall_ms, request) !== REUSE.fresh) return LOOKUP.miss
    this.busy = undefined
    this.object = found
    this.rights.release(mine)
    return LOOKUP.hit
  }

  private enter(key: string): Entry {
    const known = this.entries.get(key, GET_OPTIONS)
    if (known !== undefined) return known
    const entry = this.held.get(key) ?? new Entry(key, this.store, this.policy.selectsLanguage)
    this.held.delete(key)
    this.entries.set(key, entry)
    return entry
  }

  private disposed(entry: Entry, key: string): void {
    if (entry.busies > 0 && this.entries.peek(key) === undefined) this.held.set(key, entry)
  }

  /** Opens the object of a response in the place of its variant; undefined when it does not stay. */
  private admit({ key, spec, fields, head, begun }: Arrival, expected_bytes: number): StoredObject | undefined {
    if (begun.purges !== this.claims.purges(key)) return undefined
    const entry = this.enter(key)
    entry.refresh(true)
    const secondary = secondaryKey(spec, fields)
    if (outdates(this.store.find(entry.idOf(secondary)), head, begun)) return undefined
    const note = entry.noteFor(spec, head.xid, this.clock.wall_ms)
    const id = note === undefined ? entry.idOf(secondary) : variantId(note.reason, secondary, key)
    const object = this.store.open(id, head, expected_bytes, begun.into, begun.serial)
    if (object === undefined) return undefined
    // The note after the object: another worker that is led to a variant is to find it, not to fetch it.
    if (note !== undefined && !this.leave(entry, note, begun.into)) {
      object.body.fail()
      return undefined
    }
    // Another worker may have purged between our look at the count and this: it sees what we have stored, or we see its count.
    if (begun.purges !== this.claims.purges(key) || this.invalidations.outlived(begun.serial)) {
      this.store.remove(object)
      return object
    }
    const variant = entry.variant(secondary)
    hold(variant, object)
    entry.leadByLanguage(spec, fields, head, begun.into)
    this.markers.clear(variant)
    this.markUnusable(variant, head)
    return object
  }

  /** False when there is no room for the note. */
  private leave(entry: Entry, head: ObjectHead, into: Store): boolean {
    const note = this.store.open(plainId(entry.key), head, 0, into)
    if (note === undefined) return false
    note.body.complete()
    entry.adopt(note)
    return true
  }

  /** The validated object under its new head, and under another variant if its Vary has changed. */
  private renew(arrival: Arrival, object: StoredObject): StoredObject | undefined {
    const { spec, fields, head, begun } = arrival
    const before = placeOf(object)
    if (!object.live || before === undefined || before.key !== secondaryKey(spec, fields)) return this.revive(arrival, object)
    this.store.rehead(object, head, begun.serial)
    this.markers.clear(before)
    if (!object.live) return object
    before.entry.leadByLanguage(spec, fields, head, begun.into)
    this.markUnusable(before, head)
    return object
  }

  /**
   * The object left the store while it was validated, or is to have another place, or one more: a copy. What a later response has
   * replaced does not come back.
   */
  private revive(arrival: Arrival, object: StoredObject): StoredObject | undefined {
    const { body } = object
    if (body.state !== 'complete' || body.size_bytes > REVIVED_MAX_BYTES) return undefined
    const copy = this.admit(arrival, body.size_bytes)
    const copied = copy !== undefined && copyBody(body, copy.body)
    // The origin has chosen it for another request, too: it is as fresh for its own (RFC 9111 section 4.3.4).
    if (object.live && placeOf(object)?.key.startsWith(`${arrival.spec}\n`) === true) this.store.rehead(object, arrival.head)
    return copied ? copy : undefined
  }

  /** A response that is stale at birth must not line up those who want it next (varnish-cache issue 3461). */
  private markUnusable(variant: Variant, head: ObjectHead): void {
    if (!this.usable(head)) this.markers.set(variant, this.policy.uncacheable_ttl_ms, false, head.xid)
  }

  /** To those who waited and are of the same variant as the request that was answered, if it is of any use to them. */
  private share(busy: Busy, object: StoredObject, spec: string, answered: Fields): void {
    // Whatever the origin permits later requests: nobody is handed the cookie that another's request has just been given.
    if (object.head.fields.has('set-cookie')) return this.rights.separate(busy)
    const key = secondaryKey(spec, answered)
    const usable = this.usable(object.head)
    const willDo = (req: RequestHead): boolean =>
      usable && (spec === '' || secondaryKey(spec, req.fields) === key) && this.invalidations.spares(object, req)
    this.rights.hand(busy, object, willDo, usable ? CLAIM_END.look : CLAIM_END.alone)
  }

  private purgeVariant(variant: Variant): void {
    if (variant.busy !== undefined) this.rights.detach(variant.busy)
    this.markers.clear(variant)
    const { object } = variant
    variant.object = undefined
    if (object !== undefined && object.live) this.store.remove(object)
    variant.entry.drop(variant)
  }

  /** Nothing is fetched for the variant any more: its entry may be forgotten like others. */
  private vacated(variant: Variant): void {
    const { entry } = variant
    if (entry.busies === 0 && this.held.delete(entry.key)) this.entries.set(entry.key, entry)
    this.tidy(variant)
  }

  private tidy(variant: Variant): void {
    variant.entry.drop(variant)
    this.forget(variant.entry)
  }

  private forget(entry: Entry): void {
    if (entry.empty && this.entries.peek(entry.key) === entry) this.entries.delete(entry.key)
  }
}
