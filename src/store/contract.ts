import type { Fields } from '../http/fields.ts'

/**
 * The store contract. What a store keeps is an object: a head (metadata and field lines) and a body that one writer
 * fills in pieces while any number of readers follow it. The heap store (store/heap) is the reference
 * implementation; an arena implements the same contract with offsets instead of Buffers.
 */

export type BodyState = 'filling' | 'complete' | 'failed'

/** Result of `Body.append`. */
export const APPEND_OK = 0
/** The bytes were taken, but a windowed body is full: pause the origin until `onRoom` is called. */
export const APPEND_PAUSE = 1

/**
 * Body of an object. Kept bodies stay whole as long as the object is held or in the store. Windowed bodies (pass,
 * uncacheable, or too large for the store) forget what every reader has consumed, and bound what is in flight.
 */
export interface Body {
  readonly state: BodyState
  /** Bytes appended so far; the final size once complete. */
  readonly size_bytes: number
  /** Size announced by the origin, -1 if unknown. */
  readonly expected_bytes: number
  /** True while byte 0 is still there, so that a new reader may join. */
  readonly joinable: boolean
  readonly windowed: boolean
  /** Another worker fills it. */
  readonly followed?: boolean
  /**
   * The complete body as one piece, when it is small or lies in one piece; a zero-length Buffer when empty. Valid in this run
   * only, but for who has a reader.
   */
  readonly whole: Buffer | undefined

  /** Copies `chunk` in (the caller's buffer may be reused at once). More than was announced fails the body. */
  append(chunk: Buffer): typeof APPEND_OK | typeof APPEND_PAUSE
  /** No more bytes. Readers see the end. Fewer than were announced: the same as `fail`. */
  complete(): void
  /** Broken half-way: readers see `failed` after the bytes they can still get. Its object leaves the store. */
  fail(): void
  /** Called when a paused writer may go on. */
  onRoom: (() => void) | undefined
  /**
   * Called when a windowed body that still fills has lost its last reader (or, kept until now, had none). Who fills it holds
   * a reader while others may yet come.
   */
  onDeserted: (() => void) | undefined

  /** A reader from byte `from_bytes`, which may yet have to come but not be gone (RangeError). Release it exactly once. */
  read(from_bytes: number): BodyReader
}

export interface BodyReader {
  /** Next contiguous piece, at most one extent, as a view without copy; undefined when nothing is available now. The view of the previous call stays valid until this call. */
  next(): Buffer | undefined
  /** Body ended and everything was read. */
  readonly done: boolean
  /** Body failed and everything that could be had was read. */
  readonly failed: boolean
  /**
   * Called (at most once per change, possibly synchronously from append/complete/fail) when next/done/failed would answer
   * differently: on an append only if everything before it was read, at the end of the body always. Never from within `next`.
   */
  onMore: (() => void) | undefined
  release(): void
}

/** Head of a stored object: plain data, so that an arena can encode it. Times are wall-clock ms (epoch), durations ms. */
export interface ObjectHead {
  /** VXID of the fetch that made it (X-Varnish, log Hit records). */
  xid: number
  /** 0 is no response's: a note that the cache leaves for itself, which is not counted as an object. */
  status: number
  reason: string
  fields: Fields
  /** When the response left the origin by its own account: response time minus its Age (RFC 9111 section 4.2.3). */
  t_origin_ms: number
  /** Freshness lifetime counted from t_origin_ms. */
  ttl_ms: number
  grace_ms: number
  keep_ms: number
  /** Response directives that matter at lookup: bits of policy's OBJ_* constants. */
  flags: number
  /** Validators present (ETag or Last-Modified). */
  validatable: boolean
  /**
   * Status line and field lines as sent on a hit when rules leave resp alone: "HTTP/1.1 200 OK\r\nName: value\r\n...",
   * without the end line, Age, Connection, Content-Length, Via or X-Varnish. Made once when stored.
   */
  headText: string
  /** More field lines of the response, "Name: value\r\n...", that are kept and never sent: what the origin said to this cache alone. */
  hiddenText?: string
  /** Given to be stored: names by which it can be purged, its key's first. What was read from a store has them there. */
  tags?: readonly string[]
}

/** What a soft purge leaves of an object: at most this. Infinity leaves what there is. */
export interface SoftPurge {
  /** When it is no longer fresh, wall-clock ms. */
  readonly stale_ms: number
  readonly grace_ms: number
  readonly keep_ms: number
}

/** When nothing about an object is of use any more, wall-clock ms. */
export function objectEnd_ms(head: ObjectHead): number {
  return head.t_origin_ms + head.ttl_ms + head.grace_ms + head.keep_ms
}

/** What a disk has to bring into memory first: whoever touched it would stand still for as long as that takes. */
export interface Cold {
  /** Calls back when there is something to be found again, or to be missed; not at once. */
  thaw(done: () => void): void
}

/**
 * An object of the store, as one worker sees it: found by several, it is one object with a handle in each. What it says of
 * itself holds for the run it was found in, and longer for who has a reader of its body.
 */
export interface StoredObject {
  readonly head: ObjectHead
  readonly body: Body
  /** Where it is, or was while it lived; undefined for what was never in a store. */
  readonly store: Store | undefined
  /** Deliveries so far (obj.hits), by all workers. */
  hits: number
  /** Of the last delivery by any worker, wall-clock ms, to the second; 0 for none in the life of this process. */
  lastHit_ms: number
  /**
   * No invalidation up to this serial concerns it, as far as this worker knows; others may know of later ones (`recheck`). An object
   * begins with the serial of the time when its fetch began.
   */
  readonly checked: number
  /** `checked` as all workers know it by now. In the run it was found in, as `raise`. */
  recheck(): number
  /** No invalidation up to `serial` concerns it: all workers need not ask again, nor a process that comes after this one. */
  raise(serial: number): void
  /** Where whoever found it has filed it; nothing to the store. */
  place: unknown
  /** False once evicted, expired, removed, replaced or moved: to be found again, if at all. Still readable while held. */
  readonly live: boolean
  /** What a delivery begins with is not in memory: look it up again after that. Undefined for what may be delivered in this run. */
  readonly cold: Cold | undefined
  /** What it says of itself is not in memory any more: to be waited for before `recheck` and `raise`. Undefined when it is. */
  readonly unread: Cold | undefined
  /** Bookkeeping cost against the store's budget: body, head and overhead. */
  readonly size_bytes: number
}

export interface StoreStats {
  capacity_bytes: number
  used_bytes: number
  /** Bytes of windowed bodies, and of those that are held only by their readers. */
  transient_bytes: number
  objects: number
  /** Objects evicted to make room (n_lru_nuked). */
  nuked: number
  /** Objects whose time was over (n_expired). */
  expired: number
  /** Bytes that objects have taken since the store was opened; without those in use they have been given back. */
  allocated_bytes: number
  /** Allocations and failed allocations (SMA c_req, c_fail). */
  requests: number
  failures: number
  /** Storing is as it should be: not so in a file when its disk had no room for more of it the last time it was asked. */
  happy: boolean
}

export type StoreKind = 'memory' | 'file'

/** Told of objects that a store takes out of itself, by whoever of its workers does it. */
export interface StoreWatcher {
  /** Somebody wants to hear of it: asked before anything is looked up. */
  readonly wanted: boolean
  /** To make room; by the transaction that made it. */
  evicted(xid: number): void
  /** Nothing of it is of use any more: it was fresh until then, wall-clock ms. */
  expired(xid: number, fresh_ms: number): void
}

export const UNWATCHED: StoreWatcher = { wanted: false, evicted: () => {}, expired: () => {} }

/** An index of objects by id, and the memory they lie in. Several workers may share what is behind it. */
export interface Store {
  /** storage.NAME in rules. */
  readonly name: string
  readonly kind: StoreKind
  /** A run of the worker begins: nothing that it found in an earlier one is in use any more, but what readers hold. */
  newRun(): void
  /** The live object that was last opened under the id, by whichever worker; its body may still fill. */
  find(id: string): StoredObject | undefined
  /** As `find`, but undefined with `cold` set when a disk would have to be waited for. Whoever has seen it resets it. */
  seek(id: string): StoredObject | undefined
  cold: Cold | undefined
  /**
   * A new object whose body is to be filled, in place of the one that has the id. It can be found at once. Room for
   * announced bytes is made first, by evicting others; undefined when it cannot be had: the response is then streamed
   * through `transit`. A body of unknown size that outgrows its room turns windowed, and its object leaves. Of several stores
   * `into` is the one to have it. `serial`: the newest invalidation when its fetch began.
   */
  open(id: string, head: ObjectHead, expected_bytes: number, into?: Store, serial?: number): StoredObject | undefined
  /** Would it be stored if all the room there is could be had? */
  fits(id: string, head: ObjectHead, expected_bytes: number): boolean
  /** A body that is never kept (pass, hit-for-miss, synthetic streams). */
  transit(expected_bytes: number): Body
  /**
   * Same complete body under a new head (304 freshening), checked as far as it was before, or up to `serial` if that is older: what
   * was softly purged since must not be made fresh. An object for whose new head there is no room leaves: false.
   */
  rehead(object: StoredObject, head: ObjectHead, serial?: number): boolean
  /** Hit: recency only. Must not allocate. */
  touch(object: StoredObject): void
  /** Takes it out. Readers that hold its body go on. False when it had left. */
  remove(object: StoredObject): boolean
  /**
   * Takes out what is stored under the id, also what `find` would just not see because it is being moved. False when there is
   * nothing.
   */
  discard(id: string): boolean
  /** What has one of the tags was purged under that serial, or softly purged: `survives` tells from now on. Inside of `Serials.take`. */
  notePurge(serial: number, tags: readonly string[], soft?: SoftPurge): void
  /**
   * How many objects have one of the tags, their key's excepted; those are taken out if they were purged for good, and count for who has
   * taken them out. Among those that there was no time to look at it may count some that have left; those of an earlier process that
   * nobody has asked for yet it misses.
   */
  meetPurge(tags: readonly string[], soft: boolean): number
  /** Has no purge newer than `since` taken the object? A softly purged one has another head then. */
  survives(object: StoredObject, since: number): boolean
  /** The same of what is not stored, and has these tags; softly purged it does not. */
  wouldSurvive(tags: readonly string[], since: number): boolean
  /** Housekeeping, a bounded piece of it: takes out at most so many objects whose end has come. */
  expire(now_ms: number, objects_max: number): void
  /** From now on, by this worker. */
  watch(watcher: StoreWatcher): void
  stats(): StoreStats
}
