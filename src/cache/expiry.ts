import type { StoredObject } from '../store/contract.ts'

/** One object and when nothing about it is of use any more: ttl, grace and keep have passed. */
interface Deadline {
  at_ms: number
  object: StoredObject
}

/**
 * Objects by the time they end: a binary heap. Objects that left by other ways stay in it until their time (or until
 * dead ones outnumber the living, when it is rebuilt), so that leaving costs nothing.
 */
export class Expiry {
  private heap: Deadline[] = []
  private dead = 0

  get size(): number {
    return this.heap.length
  }

  add(object: StoredObject, at_ms: number): void {
    if (!Number.isFinite(at_ms)) return
    const heap = this.heap
    heap.push({ at_ms, object })
    this.up(heap.length - 1)
  }

  /** An object in it ends sooner now. One that ends later is added again when its first end comes. */
  moved(object: StoredObject, at_ms: number): void {
    this.add(object, at_ms)
    this.left()
  }

  /** An object in it left the store. */
  left(): void {
    if (++this.dead > 1024 && this.dead * 2 > this.heap.length) this.rebuild()
  }

  /** Takes out the next object that ended at or before now, undefined when there is none. */
  next(now_ms: number): StoredObject | undefined {
    while (this.heap.length > 0 && this.heap[0].at_ms <= now_ms) {
      const object = this.pop()
      if (object.live) return object
      this.dead = Math.max(0, this.dead - 1)
    }
    return undefined
  }

  private rebuild(): void {
    const seen = new Set<StoredObject>()
    const living = this.heap.filter((deadline) => deadline.object.live)
    living.sort((a, b) => a.at_ms - b.at_ms)
    // Of several deadlines of one object the first will do.
    this.heap = living.filter(({ object }) => !seen.has(object) && seen.add(object))
    this.dead = 0
  }

  private pop(): StoredObject {
    const heap = this.heap
    const { object } = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      this.down(0)
    }
    return object
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
