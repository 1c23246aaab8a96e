import { RING_MAIN, RING_SMALL } from '../../src/store/eviction/policy.ts'
import type { Ring } from '../../src/store/eviction/policy.ts'

/** Keys of live objects that have a piece in it, in order. An object that leaves is taken out of each. */
export class Segment {
  keys: number[] = []
  ring: Ring
  used_bytes = 0
  sealed = false
  /** Whole segments of one large object. */
  readonly span: number
  readonly owned: boolean

  constructor(ring: Ring, span: number, owned: boolean) {
    this.ring = ring
    this.span = span
    this.owned = owned
  }
}

/** Up to this part of a segment an object lies in one piece. */
const ONE_PIECE = 1 / 4
/** Of more segments than this an object has segments of its own; between the two it is split where a segment ends. */
const SHARED_MAX = 4

/** Where objects lie: as in src/store/arena, without the memory. */
export class SegmentRings {
  free: number
  live_bytes = 0
  /** Segments in each ring, open ones too. */
  readonly counts = [0, 0]
  private readonly sizes: Float64Array
  private readonly segment_bytes: number
  private readonly open: (Segment | undefined)[][]
  private readonly sealed: Segment[][] = [[], []]
  /** By key: where its first piece is, and where the others are if it was split. */
  private readonly first: (Segment | undefined)[]
  private readonly others = new Map<number, Segment[]>()

  constructor(sizes: Float64Array, segment_bytes: number, segments: number, workers: number) {
    this.sizes = sizes
    this.first = Array.from({ length: sizes.length }, () => undefined)
    this.segment_bytes = segment_bytes
    this.free = segments
    this.open = [RING_SMALL, RING_MAIN].map(() => Array.from({ length: workers }, () => undefined))
  }

  /** Free segments that an object of that size takes. */
  needed(ring: Ring, worker: number, size_bytes: number): number {
    if (this.owns(size_bytes)) return Math.ceil(size_bytes / this.segment_bytes)
    const left = this.left(this.open[ring][worker])
    if (size_bytes <= left) return 0
    return size_bytes <= this.segment_bytes * ONE_PIECE ? 1 : Math.ceil((size_bytes - left) / this.segment_bytes)
  }

  /** False when there is no room. */
  place(ring: Ring, worker: number, key: number): boolean {
    const size_bytes = this.sizes[key]
    if (this.needed(ring, worker, size_bytes) > this.free) return false
    if (this.owns(size_bytes)) this.seal(this.put(this.take(ring, Math.ceil(size_bytes / this.segment_bytes), true), key, size_bytes))
    else this.append(ring, worker, key, size_bytes)
    this.live_bytes += size_bytes
    return true
  }

  /** An object leaves, and with it segments in which nothing else lives. */
  remove(key: number): void {
    this.live_bytes -= this.sizes[key]
    this.removeFrom(this.first[key], key)
    this.first[key] = undefined
    const others = this.others.get(key)
    if (others === undefined) return
    for (const segment of others) this.removeFrom(segment, key)
    this.others.delete(key)
  }

  /** The oldest sealed segment of that ring, or of the other if it has none. */
  oldest(ring: Ring): Segment {
    const segment = this.sealed[ring][0] ?? this.sealed[ring === RING_MAIN ? RING_SMALL : RING_MAIN][0]
    if (segment !== undefined) return segment
    // All are open: a store of very few segments.
    for (const workers of this.open)
      for (const [worker, open] of workers.entries()) if (open !== undefined) this.close(open, workers, worker)
    return this.oldest(ring)
  }

  requeue(segment: Segment, ring: Ring): void {
    this.release(segment)
    this.free -= segment.span
    this.counts[ring] += segment.span
    segment.ring = ring
    this.seal(segment)
  }

  release(segment: Segment): void {
    if (!segment.sealed) return
    segment.sealed = false
    const ring = this.sealed[segment.ring]
    ring.splice(ring.indexOf(segment), 1)
    this.counts[segment.ring] -= segment.span
    this.free += segment.span
  }

  private owns(size_bytes: number): boolean {
    return size_bytes > this.segment_bytes * SHARED_MAX
  }

  private left(segment: Segment | undefined): number {
    return segment === undefined ? 0 : this.segment_bytes - segment.used_bytes
  }

  private append(ring: Ring, worker: number, key: number, size_bytes: number): void {
    const open = this.open[ring]
    const whole = size_bytes <= this.segment_bytes * ONE_PIECE
    for (let rest = size_bytes; rest > 0;) {
      let segment = open[worker]
      if (segment !== undefined && this.left(segment) < (whole ? rest : 1)) segment = this.close(segment, open, worker)
      segment ??= open[worker] = this.take(ring, 1, false)
      const piece = Math.min(rest, this.left(segment))
      this.put(segment, key, piece)
      rest -= piece
    }
  }

  private put(segment: Segment, key: number, bytes: number): Segment {
    segment.keys.push(key)
    segment.used_bytes += bytes
    if (this.first[key] === undefined) this.first[key] = segment
    else this.others.set(key, [...(this.others.get(key) ?? []), segment])
    return segment
  }

  private removeFrom(segment: Segment | undefined, key: number): void {
    const at = segment?.keys.indexOf(key) ?? -1
    // Not there in the segment that is being emptied.
    if (segment === undefined || at === -1) return
    segment.keys.splice(at, 1)
    if (segment.keys.length === 0) this.release(segment)
  }

  private take(ring: Ring, span: number, owned: boolean): Segment {
    this.free -= span
    this.counts[ring] += span
    return new Segment(ring, span, owned)
  }

  private close(segment: Segment, open: (Segment | undefined)[], worker: number): undefined {
    open[worker] = undefined
    this.seal(segment)
  }

  private seal(segment: Segment): void {
    segment.sealed = true
    this.sealed[segment.ring].push(segment)
    if (segment.keys.length === 0) this.release(segment)
  }
}
