import type { HeapObject } from './object.ts'

/** The place of an object in the list of ends. */
export interface Expiring {
  readonly object: HeapObject | undefined
  /** The deadline that counts; those filed before are out of date. */
  due_ms: number
}

/** A place, not an object: what has left the store must not be kept in memory by a deadline. */
interface Deadline {
  at_ms: number
  place: Expiring
}

/**
 * Places by the time their objects end: a binary heap. Deadlines of objects that left by other ways stay in it until their
 * time (or until they outnumber the others, when it is rebuilt), so that leaving costs nothing.
 */
export class Expiry {
  private heap: Deadline[] = []
  private dead = 0

  get size(): number {
    return this.heap.length
  }

  /** The object in this place ends then, whatever was said before. */
  add(place: Expiring, at_ms: number): void {
    if (!Number.isFinite(at_ms)) return
    place.due_ms = at_ms
    this.heap.push({ at_ms, place })
    this.up(this.heap.length - 1)
  }

  /** The object ends sooner now. One that ends later is added again when its first end comes. */
  moved(place: Expiring, at_ms: number): void {
    this.add(place, at_ms)
    this.left()
  }

  /** An object in it left the store. */
  left(): void {
    if (++this.dead > 1024 && this.dead * 2 > this.heap.length) this.rebuild()
  }

  /** The object that ended first, at or before now; undefined when there is none. */
  next(now_ms: number): HeapObject | undefined {
    while (this.heap.length > 0 && this.heap[0].at_ms <= now_ms) {
      const { at_ms, place } = this.pop()
      if (place.object !== undefined && place.due_ms === at_ms) return place.object
      this.dead = Math.max(0, this.dead - 1)
    }
    return undefined
  }

  private rebuild(): void {
    const seen = new Set<Expiring>()
    const living = this.heap.filter(({ at_ms, place }) => place.object !== undefined && place.due_ms === at_ms)
    living.sort((a, b) => a.at_ms - b.at_ms)
    this.heap = living.filter(({ place }) => !seen.has(place) && seen.add(place))
    this.dead = 0
  }

  private pop(): Deadline {
    const heap = this.heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      this.down(0)
    }
    return first
  }

  private up(from: number): void {
    const heap = this.heap
    let i = from
    const item = heap[i]
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (heap[parent].at_ms <= item.at_ms) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = item
  }

  private down(from: number): void {
    const heap = this.heap
    let i = from
    const item = heap[i]
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1].at_ms < heap[child].at_ms) child++
      if (heap[child].at_ms >= item.at_ms) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = item
  }
}
