import type { ArenaMemory } from './memory.ts'
import type { Segments } from './segments.ts'
import { STATE } from './segments.ts'
import { nextSequence } from './header.ts'

/** Sees to it that so many segments are free, if that can be done at once. */
export type MakeRoom = (segments: number) => void

/** What a worker appends to: one open segment for each ring. */
export class Allocator {
  private readonly memory: ArenaMemory
  private readonly segments: Segments
  /** By ring: the open segment, -1 for none, and how far it is used. */
  private readonly open: number[] = [-1, -1]
  private readonly used: number[] = [0, 0]
  makeRoom: MakeRoom = () => {}

  constructor(memory: ArenaMemory, segments: Segments) {
    this.memory = memory
    this.segments = segments
  }

  /** Units left in the ring's open segment. */
  left(ring: number): number {
    return this.open[ring] < 0 ? 0 : this.segments.units - this.used[ring]
  }

  /** A place for so many units in one piece, 0 when there is none. Write the record's header, then `commit`. */
  reserve(ring: number, units: number): number {
    if (units > this.left(ring) && !this.openAnother(ring, units)) return 0
    const place = this.segments.placeOf(this.open[ring]) + this.used[ring]
    this.used[ring] += units
    return place
  }

  /** The header at the place reserved last is written. */
  commit(ring: number): void {
    this.segments.setUsedUnits(this.open[ring], this.used[ring])
  }

  /** The record at `place` ends sooner: true when nothing came behind it, and what it gave back is free. */
  trim(ring: number, place: number, from_units: number, to_units: number): boolean {
    const segment = this.open[ring]
    if (segment < 0 || this.segments.placeOf(segment) + this.used[ring] !== place + from_units) return false
    this.used[ring] -= from_units - to_units
    return true
  }

  /** Room for so many segments is wanted soon. */
  prepare(segments: number): void {
    this.makeRoom(segments)
  }

  /** A segment of its own for a large object, -1 when there is none. */
  takeMember(ring: number, leads: boolean): number {
    if (this.segments.free === 0) this.makeRoom(1)
    return this.segments.take(leads ? STATE.open : STATE.member, ring)
  }

  /** The leader of a large object enters its ring. */
  sealLeader(segment: number): void {
    this.segments.seal(segment, nextSequence(this.memory))
  }

  private openAnother(ring: number, units: number): boolean {
    this.sealOpen(ring)
    this.makeRoom(1)
    // Making room copies objects, and may have opened a segment of this ring.
    if (units <= this.left(ring)) return true
    this.sealOpen(ring)
    const segment = this.segments.take(STATE.open, ring)
    if (segment < 0) return false
    this.open[ring] = segment
    this.used[ring] = 0
    return true
  }

  private sealOpen(ring: number): void {
    const segment = this.open[ring]
    if (segment < 0) return
    this.open[ring] = -1
    this.segments.seal(segment, nextSequence(this.memory))
  }
}
