import type { Clock } from '../base/clock.ts'
import { OBJ_PARTIAL } from '../policy/flags.ts'
import type { Policy } from '../policy/policy.ts'
import { STORE, type StoreRefusal } from '../policy/storable.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { outdates, type Arrival } from './begun.ts'
import type { Claims } from './claims.ts'
import { copyBody, REVIVED_MAX_BYTES } from './copy.ts'
import { type Entry, hold, placeOf, plainId, secondaryKey, type Variant, variantId } from './entry.ts'
import type { Invalidations } from './invalidations.ts'
import type { Keys } from './keys.ts'
import type { CacheShared } from './lookup.ts'
import type { Markers } from './markers.ts'
import { discardCopies } from './recodings.ts'

/** What becomes an object of the store, and in whose place. */
export class Admission {
  private readonly store: Store
  private readonly claims: Claims
  private readonly invalidations: Invalidations
  private readonly policy: Policy
  private readonly clock: Clock
  private readonly markers: Markers
  private readonly keys: Keys
  /** Why the store did not take the last one; '' where it was not asked, or took it. */
  refusal: StoreRefusal | '' = ''

  constructor({ store, claims, invalidations }: CacheShared, policy: Policy, clock: Clock, markers: Markers, keys: Keys) {
    this.store = store
    this.claims = claims
    this.invalidations = invalidations
    this.policy = policy
    this.clock = clock
    this.markers = markers
    this.keys = keys
  }

  /** Opens the object of a response in the place of its variant; undefined when it does not stay. */
  admit({ key, spec, fields, head, begun }: Arrival, expected_bytes: number): StoredObject | undefined {
    this.refusal = ''
    const entry = this.keys.enter(key)
    const claimed = begun.key === undefined ? entry.hash : this.claims.hash(begun.key)
    if (begun.purges !== this.claims.purges(claimed)) return undefined
    entry.refresh(true)
    const secondary = secondaryKey(spec, fields)
    const before = this.store.find(entry.idOf(secondary))
    if (outdates(before, head, begun)) return undefined
    if (before !== undefined) discardCopies(this.store, entry.idOf(secondary), before)
    const note = entry.noteFor(spec, head.xid, this.clock.wall_ms)
    const id = note === undefined ? entry.idOf(secondary) : variantId(note.reason, secondary, key)
    const object = this.store.open(id, head, expected_bytes, begun.into, begun.serial)
    if (object === undefined) {
      this.refusal = refusalBy(begun.into, id, head, expected_bytes)
      return undefined
    }
    // The note after the object: another worker that is led to a variant is to find it, not to fetch it.
    if (note !== undefined && !this.leave(entry, note, begun.into)) {
      object.body.fail()
      this.refusal = STORE.no_room
      return undefined
    }
    // Another worker may have purged between our look at the count and this: it sees what we have stored, or we see its count.
    if (begun.purges !== this.claims.purges(claimed) || this.invalidations.outlived(begun.serial)) {
      this.store.remove(object)
      return object
    }
    const variant = entry.variant(secondary)
    hold(variant, object)
    entry.leaveNotes(spec, fields, head, begun.into)
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
  renew(arrival: Arrival, object: StoredObject): StoredObject | undefined {
    const { spec, fields, head, begun } = arrival
    this.refusal = ''
    const before = placeOf(object)
    if (before !== undefined && before.entry.key !== arrival.key) return this.move(arrival, object)
    if (!object.live || before === undefined || before.key !== secondaryKey(spec, fields)) return this.revive(arrival, object)
    if (!this.store.rehead(object, head, begun.serial))
      this.refusal = refusalBy(object.store, before.entry.idOf(before.key), head, object.body.size_bytes)
    this.markers.clear(before)
    // As in `admit`: what this head should have been held to has been tested on the one before.
    if (this.invalidations.outlived(begun.serial)) this.store.remove(object)
    if (!object.live) return object
    before.entry.leaveNotes(spec, fields, head, begun.into)
    this.markUnusable(before, head)
    return object
  }

  /** It was stored for more queries, or other ones, than the new head is for. */
  private move(arrival: Arrival, object: StoredObject): StoredObject | undefined {
    const copy = (object.head.flags & OBJ_PARTIAL) === 0 ? this.revive(arrival, object) : undefined
    if (object.live) this.store.remove(object)
    return copy
  }

  /**
   * The object left the store while it was validated, or is to have another place, or one more: a copy. What a later response has
   * replaced does not come back; what is for other requests is not updated by this one's 304 (RFC 9111 section 4.3.4).
   */
  private revive(arrival: Arrival, object: StoredObject): StoredObject | undefined {
    const { body } = object
    if (body.state !== 'complete' || body.size_bytes > REVIVED_MAX_BYTES) return undefined
    const copy = this.admit(arrival, body.size_bytes)
    if (copy === undefined) return undefined
    return copyBody(body, copy.body) ? copy : undefined
  }

  /** A response that is stale at birth must not line up those who want it next (varnish-cache issue 3461). */
  private markUnusable(variant: Variant, head: ObjectHead): void {
    if (!this.usable(head)) this.markers.set(variant, this.policy.uncacheable_ttl_ms, false, head.xid)
  }

  /** Fresh, or stale within its grace. */
  usable(head: ObjectHead): boolean {
    if (this.policy.needsLife && head.ttl_ms <= 0) return false
    return head.t_origin_ms + head.ttl_ms + head.grace_ms > this.clock.wall_ms
  }
}

/** Why a store has not taken it. */
export function refusalBy(into: Store | undefined, id: string, head: ObjectHead, bytes: number): StoreRefusal {
  return into?.fits(id, head, bytes) === false ? STORE.too_large : STORE.no_room
}
