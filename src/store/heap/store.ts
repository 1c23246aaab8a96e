import { LRUCache } from 'lru-cache'
import { isNewer } from '../../shm/serial.ts'
import {
  objectEnd_ms,
  UNWATCHED,
  type Body,
  type ObjectHead,
  type SoftPurge,
  type Store,
  type StoredObject,
  type StoreStats,
  type StoreWatcher,
} from '../contract.ts'
import { PLACE, HeapBody, type BodyOwner, type Place } from './body.ts'
import { Expiry } from './expiry.ts'
import { ExtentSizes } from './extents.ts'
import { HeapObject, headCost } from './object.ts'
import { HeapPurges } from './purges.ts'
import { VERDICT } from '../purges/table.ts'

export interface HeapStoreOptions {
  name: string
  capacity_bytes: number
  /** How much of a windowed body waits for its slowest reader before its writer is paused. */
  transit_buffer_bytes: number
  /** Largest piece of a kept body; other piece sizes derive from it. */
  extent_bytes?: number
}

export function createHeapStore(options: HeapStoreOptions): HeapStore {
  return new HeapStore(options)
}

const EXTENT_BYTES = 256 * 1024
/** lru-cache writes into its options: given none, each hit would allocate some. */
const TOUCH_OPTIONS = {}

/**
 * The reference store: objects in the heap, least recently used first out. The list holds exactly what may be evicted:
 * complete, live, and read by nobody. What fills or is being read would give no memory back, so it is stepped around,
 * and a store full of such bodies streams the next one through a window.
 */
export class HeapStore implements Store, BodyOwner {
  readonly name: string
  readonly kind = 'memory'
  cold: undefined = undefined
  private readonly capacity_bytes: number
  /** No object may take more of the store than this. */
  private readonly share_bytes: number
  window_bytes: number
  /** What all windows together may hold before each is narrowed. */
  private readonly windows_share_bytes: number
  private readonly sizes: ExtentSizes
  private readonly evictable: LRUCache<HeapObject, HeapObject>
  private readonly listing = { size: 0 }
  private readonly byId = new Map<string, HeapObject>()
  private readonly ends = new Expiry()
  private readonly purges = new HeapPurges()
  private used_bytes = 0
  private held_bytes = 0
  private windows_bytes = 0
  private taken_bytes = 0
  private notes = 0
  private readonly transits = { opened: 0, bodies: 0, bytes: 0 }
  private nuked = 0
  private watcher = UNWATCHED
  private expired = 0
  private requests = 0
  private failures = 0

  constructor(options: HeapStoreOptions) {
    this.name = options.name
    this.capacity_bytes = Math.max(1, Math.floor(options.capacity_bytes))
    this.share_bytes = this.capacity_bytes / 2
    this.window_bytes = options.transit_buffer_bytes
    this.windows_share_bytes = this.capacity_bytes / 4
    this.sizes = new ExtentSizes(options.extent_bytes ?? EXTENT_BYTES)
    this.evictable = new LRUCache({ maxSize: this.capacity_bytes })
  }

  /** Nothing here ever moves or is used again while anybody can see it. */
  newRun(): void {}

  seek(id: string): StoredObject | undefined {
    return this.find(id)
  }

  find(id: string): StoredObject | undefined {
    return this.byId.get(id)
  }

  open(id: string, head: ObjectHead, expected_bytes: number, _into?: Store, serial = 0): StoredObject | undefined {
    const replaced = this.byId.get(id)
    if (replaced !== undefined) this.takeOut(replaced)
    const head_bytes = headCost(head)
    if (!this.fits(id, head, expected_bytes) || !this.makeRoom(head_bytes)) return this.refuse()
    this.used_bytes += head_bytes
    const body = this.body(expected_bytes, false)
    if (body.windowed) {
      this.used_bytes -= head_bytes
      return undefined
    }
    return this.enlist(new HeapObject(this, id, head, head_bytes, body, serial))
  }

  fits(_id: string, head: ObjectHead, expected_bytes: number): boolean {
    return headCost(head) + Math.max(0, expected_bytes) <= this.share_bytes
  }

  transit(expected_bytes: number): Body {
    this.transits.opened++
    return this.body(expected_bytes, true)
  }

  rehead(object: StoredObject, head: ObjectHead, serial = object.checked): boolean {
    const ours = object as HeapObject
    if (isNewer(ours.checked, serial)) ours.checked = serial
    const head_bytes = headCost(head)
    const more = head_bytes - ours.head_bytes
    ours.head = head
    if (!ours.live) return true
    // Not to be evicted for its own sake.
    this.unlist(ours)
    if (more > 0 && !this.makeRoom(more)) {
      this.oust(ours, 'evicted')
      return false
    }
    ours.head_bytes = head_bytes
    this.used_bytes += more
    if (objectEnd_ms(head) < ours.end.due_ms) this.ends.moved(ours.end, objectEnd_ms(head))
    this.settle(ours.body)
    return true
  }

  touch(object: StoredObject): void {
    if ((object as HeapObject).listed) this.evictable.get(object as HeapObject, TOUCH_OPTIONS)
  }

  remove(object: StoredObject): boolean {
    return this.takeOut(object as HeapObject)
  }

  discard(id: string): boolean {
    const object = this.byId.get(id)
    return object !== undefined && this.takeOut(object)
  }

  notePurge(serial: number, tags: readonly string[], soft?: SoftPurge): void {
    this.purges.note(serial, tags, soft)
  }

  meetPurge(tags: readonly string[], soft: boolean): number {
    const met = Array.from(this.byId.values()).filter(({ head }) => head.tags?.some((tag, i) => i > 0 && tags.includes(tag)) === true)
    if (!soft) for (const object of met) this.takeOut(object)
    return met.length
  }

  survives(object: StoredObject, since: number): boolean {
    const { head, body } = object
    const verdict = this.purges.judge(head.tags, since)
    if (verdict !== VERDICT.softened) return verdict === VERDICT.stands
    if (body.state !== 'complete') return false
    this.purges.soften(head)
    return true
  }

  wouldSurvive(tags: readonly string[], since: number): boolean {
    return this.purges.judge(tags, since) === VERDICT.stands
  }

  expire(now_ms: number, objects_max: number): void {
    for (let n = 0; n < objects_max; n++) {
      const object = this.ends.next(now_ms)
      if (object === undefined) return
      const end_ms = objectEnd_ms(object.head)
      // Freshened since, it has a later end.
      if (end_ms > now_ms) this.ends.add(object.end, end_ms)
      else if (this.takeOut(object)) this.countExpired(object)
    }
  }

  private countExpired({ head }: HeapObject): void {
    this.expired++
    if (this.watcher.wanted) this.watcher.expired(head.xid, head.t_origin_ms + head.ttl_ms)
  }

  watch(watcher: StoreWatcher): void {
    this.watcher = watcher
  }

  /** Deadlines kept; more than objects, but not much. */
  get deadlines(): number {
    return this.ends.size
  }

  stats(): StoreStats {
    return {
      capacity_bytes: this.capacity_bytes,
      used_bytes: this.used_bytes,
      transient_bytes: this.held_bytes + this.windows_bytes,
      objects: this.byId.size - this.notes,
      nuked: this.nuked,
      expired: this.expired,
      allocated_bytes: this.taken_bytes,
      requests: this.requests,
      failures: this.failures,
      happy: true,
    }
  }

  /** Of what is held only for its readers: bodies opened for that, bodies now, bytes now and ever. */
  transitStats(): { opened: number; bodies: number; held_bytes: number; bytes: number } {
    return { ...this.transits, held_bytes: this.held_bytes + this.windows_bytes }
  }

  get tight(): boolean {
    return this.windows_bytes > this.windows_share_bytes
  }

  grant(body: HeapBody, bytes: number): boolean {
    this.requests++
    const head_bytes = body.object === undefined ? 0 : body.object.head_bytes
    if (head_bytes + body.retained_bytes + bytes <= this.share_bytes && this.makeRoom(bytes)) return true
    this.refuse()
    return false
  }

  settle(body: HeapBody): void {
    // Held memory is real memory: what may go makes way for it.
    if (body.place === PLACE.none && placeOf(body) === PLACE.held) this.makeRoom(body.retained_bytes)
    const place = placeOf(body)
    const bytes = place === PLACE.none ? 0 : body.retained_bytes
    this.tell(body, place, bytes)
    this.enter(body.place, -body.charged_bytes)
    this.enter(place, bytes)
    body.place = place
    body.charged_bytes = bytes
    const object = body.object
    if (object === undefined) return
    if (object.live && body.state === 'complete' && body.readerCount === 0) this.list(object)
    else this.unlist(object)
  }

  oust(object: HeapObject, reason: 'evicted' | 'failed'): void {
    if (!this.takeOut(object) || reason !== 'evicted') return
    this.nuked++
    if (this.watcher.wanted) this.watcher.evicted(object.head.xid)
  }

  private enlist(object: HeapObject): HeapObject {
    object.body.object = object
    this.byId.set(object.id, object)
    if (object.head.status === 0) this.notes++
    this.ends.add(object.end, objectEnd_ms(object.head))
    this.settle(object.body)
    return object
  }

  private body(expected_bytes: number, windowed: boolean): HeapBody {
    const body = new HeapBody(this, this.sizes, expected_bytes, this.window_bytes, windowed)
    body.open()
    return body
  }

  private refuse(): undefined {
    this.failures++
    return undefined
  }

  /** Evicts until so many bytes more fit; evicts nothing when that would not be enough. */
  private makeRoom(bytes: number): boolean {
    while (this.used_bytes + this.held_bytes + bytes > this.capacity_bytes) {
      const pinned_bytes = this.used_bytes + this.held_bytes - this.evictable.calculatedSize
      if (pinned_bytes + bytes > this.capacity_bytes) return false
      this.evictOldest()
    }
    return true
  }

  private evictOldest(): void {
    const object = this.evictable.pop()
    if (object === undefined) return
    object.listed = false
    this.oust(object, 'evicted')
  }

  private takeOut(object: HeapObject): boolean {
    if (!object.live) return false
    object.live = false
    object.end.object = undefined
    this.ends.left()
    this.byId.delete(object.id)
    if (object.head.status === 0) this.notes--
    this.used_bytes -= object.head_bytes
    this.settle(object.body)
    return true
  }

  private list(object: HeapObject): void {
    if (object.listed) return
    object.listed = true
    this.listing.size = object.size_bytes
    this.evictable.set(object, object, this.listing)
  }

  private unlist(object: HeapObject): void {
    if (!object.listed) return
    object.listed = false
    this.evictable.delete(object)
  }

  /** For the counters: what the body is about to take, or not to take any more. */
  private tell(body: HeapBody, place: Place, bytes: number): void {
    const more_bytes = Math.max(0, bytes - body.charged_bytes)
    if (place === PLACE.store) this.taken_bytes += more_bytes
    else this.transits.bytes += more_bytes
    this.transits.bodies += Number(inTransit(place)) - Number(inTransit(body.place))
  }

  private enter(place: Place, bytes: number): void {
    if (place === PLACE.store) this.used_bytes += bytes
    else if (place === PLACE.held) this.held_bytes += bytes
    else if (place === PLACE.window) this.windows_bytes += bytes
  }
}

function inTransit(place: Place): boolean {
  return place === PLACE.held || place === PLACE.window
}

function placeOf(body: HeapBody): Place {
  if (body.object !== undefined && body.object.live) return PLACE.store
  const filling = body.state === 'filling'
  if (!filling && body.readerCount === 0) return PLACE.none
  if (body.windowed) return PLACE.window
  return filling ? PLACE.store : PLACE.held
}
