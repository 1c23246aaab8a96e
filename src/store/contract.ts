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
  /** The complete body as one piece, when it is complete and stored in one piece; a zero-length Buffer when empty. */
  readonly whole: Buffer | undefined

  /** Copies `chunk` in (the caller's buffer may be reused at once). More than was announced fails the body. */
  append(chunk: Buffer): typeof APPEND_OK | typeof APPEND_PAUSE
  /** No more bytes. Readers see the end. Fewer than were announced: the same as `fail`. */
  complete(): void
  /** Broken half-way: readers see `failed` after the bytes they can still get. An admitted object leaves the store. */
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
}

/** What the store holds for one variant. */
export interface StoredObject {
  head: ObjectHead
  readonly body: Body
  /** Deliveries so far (obj.hits). */
  hits: number
  lastHit_ms: number
  /** Where whoever admitted it has filed it; nothing to the store. */
  place: unknown
  /** False once evicted, purged or replaced: not to be found by lookup any more, still readable while held. */
  readonly live: boolean
  /** Bookkeeping cost against the store's budget: body, head and overhead. */
  readonly size_bytes: number
}

/** Why an object left the store. Failed: its body broke half-way, and the store took it out by itself. */
export type RemovalReason = 'evicted' | 'expired' | 'purged' | 'replaced' | 'failed'

export interface StoreStats {
  capacity_bytes: number
  used_bytes: number
  /** Bytes of windowed and not yet admitted bodies. */
  transient_bytes: number
  objects: number
  /** Objects evicted to make room (n_lru_nuked). */
  nuked: number
  /** Allocations and failed allocations (SMA c_req, c_fail). */
  requests: number
  failures: number
}

export interface Store {
  readonly name: string
  /**
   * A body that will be kept with `admit`. It counts against the budget while it fills (evicting others when needed);
   * when it cannot fit it turns windowed by itself: still streamed to its readers, never admitted.
   */
  fill(expected_bytes: number): Body
  /** A body that is never kept (pass, hit-for-miss, synthetic streams). */
  transit(expected_bytes: number): Body
  /** Makes the object findable/evictable; may be called while the body still fills. Undefined when the body is windowed or too large. `onRemoved` is called once when it leaves, except for `remove`. */
  admit(head: ObjectHead, body: Body, onRemoved: (object: StoredObject, reason: RemovalReason) => void): StoredObject | undefined
  /** Same body under a new head (304 freshening): adjusts the accounting. */
  rehead(object: StoredObject, head: ObjectHead): void
  /** Hit: recency only. Must not allocate. */
  touch(object: StoredObject): void
  /** Takes it out (purge, replacement, expiry). Readers that hold its body go on. */
  remove(object: StoredObject, reason: RemovalReason): void
  stats(): StoreStats
}
