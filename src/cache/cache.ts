import type { Clock } from '../base/clock.ts'
import type { RequestHead } from '../http/message.ts'
import type { Policy } from '../policy/policy.ts'
import { FWD, type Fwd } from '../policy/cache-status.ts'
import { OBJ_COPIES, OBJ_PARTIAL } from '../policy/flags.ts'
import { isFresh, REUSE, mayReuse, type Reuse } from '../policy/reuse.ts'
import type { StoreRefusal } from '../policy/storable.ts'
import { storedSpec } from '../policy/vary.ts'
import type { Cold, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { Admission } from './admission.ts'
import { arrivalOf, type Arrival, type FetchBegun } from './begun.ts'
import type { Busy, Waiter } from './busy.ts'
import { CLAIM_END, type ClaimEnd, type Claims } from './claims.ts'
import { Entry, isLive, placeOf, plainId, secondaryKey, type Variant } from './entry.ts'
import type { Invalidations } from './invalidations.ts'
import { Keys } from './keys.ts'
import { LOOKUP, THAWS_MAX, type CacheLimits, type CacheObserver, type CacheShared, type Lookup, type LookupRequest } from './lookup.ts'
import { LooseObject } from './loose.ts'
import { Markers } from './markers.ts'
import { PartialObject } from './partial.ts'
import { Partials, type NewPart } from './partials.ts'
import { Recodings } from './recodings.ts'
import { Rights } from './rights.ts'
import { Searches } from './searches.ts'

/** How long those who could not share an error page fetch side by side. */
const LEFT_OUT_MS = 1000
const NONE: readonly never[] = []

/**
 * Keys to objects, and who fetches what. What is stored is the store's, which workers share; a worker remembers the objects it has found
 * (their handles), and asks each whether it is still there. Synchronous throughout: within one worker a lookup cannot be interrupted.
 */
export class Cache {
  /** Results of the last `lookup`, valid until the next one. */
  object: StoredObject | undefined
  busy: Busy | undefined
  /** After `cold`: what is to be waited for. */
  cold: Cold | undefined
  /** Unless it may be answered: why it is to be forwarded. */
  fwd: Fwd = FWD.miss
  /** After hitmiss and hitpass: the fetch that left the marker, and how long it still holds. */
  marker_xid = 0
  marker_left_ms = 0

  readonly store: Store
  readonly searches: Searches
  readonly partials: Partials
  readonly recodings: Recodings
  private readonly policy: Policy
  private readonly clock: Clock
  private readonly limits: CacheLimits
  private readonly claims: Claims
  private readonly invalidations: Invalidations
  private readonly markers: Markers
  private readonly entries: Keys
  private readonly rights: Rights
  private readonly admission: Admission

  constructor(shared: CacheShared, policy: Policy, clock: Clock, limits: CacheLimits, observer: CacheObserver) {
    const { store, claims, invalidations } = shared
    this.store = store
    this.entries = new Keys(store, claims, policy.matchesByMeaning, limits.keys_max)
    this.searches = new Searches(store, clock, this.entries)
    this.partials = new Partials(store, policy)
    this.recodings = new Recodings(store, claims)
    this.policy = policy
    this.clock = clock
    this.limits = limits
    this.rights = new Rights(claims, clock, observer, this.entries)
    this.claims = claims
    this.markers = new Markers(clock, claims, this.entries)
    this.invalidations = invalidations
    this.admission = new Admission(shared, policy, clock, this.markers, this.entries)
  }

  get keys(): number {
    return this.entries.size
  }

  /** Half of what is remembered, least recently used, is found in the store again. */
  forgetHalf(): void {
    this.entries.forgetHalf()
  }

  /** Purges counted for the key, and for others with it: unchanged, it was not purged meanwhile. */
  purges(key: string): number {
    return this.claims.purges(this.claims.hash(key))
  }

  get serial(): number {
    return this.invalidations.newest
  }

  lookup(key: string, request: LookupRequest): Lookup {
    this.object = undefined
    this.busy = undefined
    const entry = this.entries.enter(key)
    const waits = request.thaws >= THAWS_MAX
    entry.refresh(waits)
    if (this.store.cold !== undefined) return this.chilled(this.store.cold)
    const { fields } = request.req
    const now_ms = this.clock.wall_ms
    const variant = request.hash_ignore_vary ? entry.selectAny(fields, waits, now_ms) : entry.select(fields, waits, now_ms)
    if (this.store.cold !== undefined) return this.chilled(this.store.cold)
    if (variant !== undefined && !request.hash_always_miss) return this.judge(entry, variant, request)
    this.fwd = request.hash_always_miss ? FWD.bypass : entry.absence
    return this.claim(entry, request)
  }

  /** A response that may be stored: its object, whose body is to be filled. Those who waited and may share it join it, the others look up again. */
  insert(key: string, req: RequestHead, head: ObjectHead, expected_bytes: number, busy: Busy | undefined, begun: FetchBegun): StoredObject {
    const at = arrivalOf(key, req, head, begun)
    const stored = this.admission.admit(at, expected_bytes)
    if (stored === undefined) tellRefusal(begun, this.admission.refusal)
    const object = stored ?? new LooseObject(head, this.store.transit(expected_bytes), undefined, begun.serial)
    if (busy !== undefined) this.share(busy, object, at)
    return object
  }

  /** The same of a part (RFC 9111 sections 3.3 and 3.4). `base`: what is stored of the same representation, and still may be used. */
  insertPart(req: RequestHead, part: NewPart, head: ObjectHead, busy: Busy | undefined, begun: FetchBegun): PartialObject {
    const at = arrivalOf(part.key, req, head, begun)
    const manifest = part.kept ? this.admission.admit(at, part.table.length) : undefined
    if (manifest === undefined) tellRefusal(begun, part.kept ? this.admission.refusal : part.refusal)
    const object = part.file(manifest, head, begun.serial)
    if (busy !== undefined) this.share(busy, object, at)
    return object
  }

  /** The stored object was validated: it lives on under a new head (RFC 9111 section 4.3.4). */
  freshen(key: string, object: StoredObject, head: ObjectHead, busy: Busy | undefined, req: RequestHead, begun: FetchBegun): StoredObject {
    const at = arrivalOf(key, req, head, begun)
    const stored = object instanceof PartialObject ? object.manifest : object
    if (stored !== object) head.flags |= OBJ_PARTIAL
    const before = stored.head
    const fresh = this.admission.renew(at, stored) ?? new LooseObject(head, stored.body, stored.store, stored.checked)
    tellRefusal(begun, this.admission.refusal)
    if ((before.flags & OBJ_COPIES) !== 0) this.recodings.follow(before, fresh)
    const shown = object instanceof PartialObject ? object.under(fresh) : fresh
    if (busy !== undefined) this.share(busy, shown, at, CLAIM_END.confirmed)
    return shown
  }

  /** What the request would find, fresh or stale, were it looked up. */
  selected(key: string, req: RequestHead): StoredObject | undefined {
    const entry = this.entries.enter(key)
    entry.refresh(true)
    const object = entry.select(req.fields, true, this.clock.wall_ms)?.object
    this.entries.forget(entry)
    return object !== undefined && object.live && this.invalidations.spares(object, req) ? object : undefined
  }

  /** What is stored for other requests for the URL and the origin may be asked about, besides `own` (RFC 9111 section 4.3.1). */
  others(key: string, req: RequestHead, own: StoredObject | undefined): readonly StoredObject[] {
    const named = this.entries.enter(key).others(own)
    return named === undefined ? NONE : named.filter((object) => this.invalidations.spares(object, req))
  }

  /** A response that may not be stored: all who waited look up again at once and find the marker. */
  mark(key: string, req: RequestHead, busy: Busy | undefined, ttl_ms: number, pass: boolean, xid = 0): void {
    if (ttl_ms > 0) {
      const variant = busy !== undefined && busy.variant.busy === busy ? busy.variant : this.entries.enter(key).claim(req.fields)
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
    return variant !== undefined && variant.key === secondaryKey(storedSpec(object.head), req.fields)
  }

  /** The right to fetch is given up without a response: whoever waited tries for himself. */
  abandon(busy: Busy): void {
    this.rights.release(busy)
  }

  wait(busy: Busy, waiter: Waiter): void {
    this.rights.wait(busy, waiter)
  }

  /** Takes the objects of all variants of the key out, for all workers; fetches under way will not be found either. */
  purge(key: string): number {
    const entry = this.entries.enter(key)
    this.claims.countPurge(entry.hash)
    entry.refresh(true)
    let purged = 0
    for (const variant of entry.all()) if (this.purgeVariant(variant)) purged++
    // Without it nobody can name the variants that other workers have stored.
    if (entry.note !== undefined) this.store.remove(entry.note)
    // Whatever is there and could not be seen: it was being moved, or another worker has just stored it.
    this.store.discard(plainId(key))
    entry.refresh(true)
    this.entries.forget(entry)
    return purged
  }

  /** Objects stored under the key, as far as they are known here. */
  known(key: string): number {
    const entry = this.entries.enter(key)
    entry.refresh(true)
    return entry.stored
  }

  /** Has nothing invalidated the object since? As lookups look at what they find. */
  spares(object: StoredObject, req: RequestHead): boolean {
    return this.invalidations.spares(object, req)
  }

  /** Its body broke half-way: it must not be found again. */
  discard(object: StoredObject): void {
    // Of a partial one a part has broken: it leaves by itself, and the others stay.
    if (!object.live || object instanceof PartialObject) return
    const variant = placeOf(object)
    this.recodings.discard(object)
    this.store.remove(object)
    if (variant === undefined) return
    if (variant.object === object) variant.object = undefined
    variant.entry.drop(variant)
    this.entries.forget(variant.entry)
  }

  /** Housekeeping, a bounded piece of it: ends objects whose time is over and waiters who waited too long. */
  sweep(objects_max = 1000): void {
    this.store.expire(this.clock.wall_ms, objects_max)
    this.rights.sweep(this.limits.busy_wait_timeout_ms)
  }

  private judge(entry: Entry, variant: Variant, request: LookupRequest): Lookup {
    const now_ms = this.clock.wall_ms
    const { object } = variant
    if (object === undefined || !object.live) {
      this.fwd = entry.absence
      return this.markers.holds(variant) ? this.toldBy(variant) : this.claim(entry, request)
    }
    this.entries.remember(entry)
    if (!this.invalidations.isChecked(object)) {
      if (object.unread !== undefined && request.thaws < THAWS_MAX) return this.chilled(object.unread)
      if (!this.invalidations.spares(object, request.req)) return this.lookBehind(entry, object, request)
    }
    const verdict = mayReuse(this.policy, object.head, now_ms, request)
    if ((object.head.flags & OBJ_PARTIAL) !== 0) return this.judgeParts(entry, variant, object, verdict, request)
    this.object = object
    if (verdict === REUSE.fresh) {
      if (entry.note !== undefined) this.store.touch(entry.note)
      return LOOKUP.hit
    }
    this.fwd = isFresh(object.head, now_ms) ? FWD.request : FWD.stale
    if (this.markers.holds(variant)) return this.toldBy(variant)
    if (verdict === REUSE.stale) return this.graceHit(variant, object)
    if (verdict === REUSE.no) this.object = undefined
    return this.claim(entry, request)
  }

  /** Parts of it are stored: they may be what the request needs (RFC 9111 section 3.3), or a part of that. */
  private judgeParts(entry: Entry, variant: Variant, manifest: StoredObject, verdict: Reuse, request: LookupRequest): Lookup {
    const { store } = this
    const waits = request.thaws >= THAWS_MAX
    if (manifest.cold !== undefined && !waits) return this.chilled(manifest.cold)
    const found = this.partials.view(entry.key, manifest, request.req, waits)
    if (store.cold !== undefined) return this.chilled(store.cold)
    const suffices = found !== undefined && found.serves(this.policy, request.req)
    this.object = verdict === REUSE.no ? undefined : found
    if (suffices && verdict === REUSE.fresh) {
      store.touch(manifest)
      return LOOKUP.hit
    }
    this.fwd = verdict === REUSE.fresh ? FWD.partial : isFresh(manifest.head, this.clock.wall_ms) ? FWD.request : FWD.stale
    if (this.markers.holds(variant)) return this.toldBy(variant)
    return suffices && verdict === REUSE.stale ? this.graceHit(variant, manifest) : this.claim(entry, request)
  }

  private suffices(object: StoredObject, req: RequestHead): boolean {
    return !(object instanceof PartialObject) || object.serves(this.policy, req)
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
    return busy.count >= this.limits.busy_waiters_max ? LOOKUP.crowded : LOOKUP.wait
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
    const stored = entry.select(request.req.fields, true, this.clock.wall_ms)?.object
    const known = this.object instanceof PartialObject ? this.object.manifest : this.object
    if (stored === undefined || stored === known || !stored.live || !this.invalidations.spares(stored, request.req)) return LOOKUP.miss
    if (mayReuse(this.policy, stored.head, this.clock.wall_ms, request) !== REUSE.fresh) return LOOKUP.miss
    const found = (stored.head.flags & OBJ_PARTIAL) === 0 ? stored : this.partials.view(entry.key, stored, request.req, true)
    this.object = found
    if (found === undefined || !this.suffices(found, request.req)) return LOOKUP.miss
    this.busy = undefined
    this.rights.release(mine)
    return LOOKUP.hit
  }

  /** To those who waited and are of the same variant as the request that was answered, if it is of any use to them. */
  private share(busy: Busy, object: StoredObject, { spec, fields, begun }: Arrival, end: ClaimEnd = CLAIM_END.look): void {
    // Whatever the origin permits later requests: nobody is handed the cookie that another's request has just been given.
    if (object.head.fields.has('set-cookie')) return this.rights.separate(busy)
    const key = secondaryKey(spec, fields)
    const usable = this.admission.usable(object.head) && !this.invalidations.outlived(begun.serial)
    const willDo = (req: RequestHead): boolean =>
      usable &&
      (spec === '' || secondaryKey(spec, req.fields) === key) &&
      begun.suits?.(req) !== false &&
      this.invalidations.spares(object, req) &&
      this.suffices(object, req)
    this.rights.hand(busy, object, willDo, usable ? end : CLAIM_END.alone)
  }

  /** False when there was no object, or another worker was first to take it out. */
  private purgeVariant(variant: Variant): boolean {
    if (variant.busy !== undefined) this.rights.detach(variant.busy)
    this.markers.clear(variant)
    const { object } = variant
    variant.object = undefined
    const taken = object !== undefined && object.live && this.takeOut(variant.entry.key, object)
    variant.entry.drop(variant)
    return taken
  }

  private takeOut(key: string, object: StoredObject): boolean {
    if ((object.head.flags & OBJ_PARTIAL) !== 0) this.partials.discard(key, object)
    this.recodings.discard(object)
    return this.store.remove(object)
  }
}

/** Before anybody hears of the response. */
function tellRefusal({ forwarded }: FetchBegun, refusal: StoreRefusal | ''): void {
  if (forwarded !== undefined && refusal !== '') forwarded.detail = refusal
}
