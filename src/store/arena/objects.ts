import { UNIT_BYTES } from './geometry.ts'
import { statusOf } from './head-codec.ts'
import { TALLY } from './memory.ts'
import { COMPLETE, EXTENT_RECORD_BYTES, GONE, HEAD_RECORD_BYTES } from './records.ts'
import { STATE } from './segments.ts'
import type { ArenaParts, Piece } from './writer.ts'

/** What lies behind an object's place: its pieces, and what it costs. */
export class Objects {
  private readonly parts: ArenaParts

  constructor(parts: ArenaParts) {
    this.parts = parts
  }

  /** Where the encoded head begins. */
  headAt(place: number): number {
    return place * UNIT_BYTES + HEAD_RECORD_BYTES
  }

  /** The pieces of the body in order. While it fills there may be more the next time. */
  pieces(place: number): Piece[] {
    const found: Piece[] = []
    this.extend(place, found)
    return found
  }

  /** Adds those that are not among `pieces` yet. */
  extend(place: number, pieces: Piece[]): void {
    const { records } = this.parts
    let last = pieces.at(-1)
    if (last === undefined) {
      const inline = records.inlineCapacity(place)
      if (inline > 0) pieces.push((last = { place, inline: true, at: this.headAt(place) + records.headBytes(place), capacity: inline }))
    }
    let extent = last === undefined || last.inline ? records.firstExtent(place) : records.nextExtent(last.place)
    for (; extent !== 0; extent = records.nextExtent(extent)) {
      pieces.push({ place: extent, inline: false, at: extent * UNIT_BYTES + EXTENT_RECORD_BYTES, capacity: records.extentCapacity(extent) })
    }
  }

  filledOf(piece: Piece): number {
    const { records } = this.parts
    return piece.inline ? records.inlineFilled(piece.place) : records.extentFilled(piece.place)
  }

  bodyBytes(place: number): number {
    const { records } = this.parts
    let bytes = records.inlineFilled(place)
    for (let extent = records.firstExtent(place); extent !== 0; extent = records.nextExtent(extent)) bytes += records.extentFilled(extent)
    return bytes
  }

  /** All units of the arena that are the object's. */
  unitsOf(place: number): number {
    const { records } = this.parts
    let units = records.unitsOf(place)
    for (let extent = records.firstExtent(place); extent !== 0; extent = records.nextExtent(extent)) units += records.unitsOf(extent)
    return units
  }

  /** The segment that leads those of a large object, else -1. */
  leaderOf(place: number): number {
    const { records, segments } = this.parts
    const first = records.firstExtent(place)
    return first === 0 ? -1 : segments.leaderOf(segments.at(first))
  }

  /** Not a note of the cache's. */
  counts(place: number): boolean {
    return statusOf(this.parts.memory.words, this.headAt(place)) !== 0
  }

  /** It was taken out of the index, by us. If it still fills, its writer finds that out at the end and does the rest. */
  left(place: number): void {
    if (this.counts(place)) this.parts.memory.tally[TALLY.objects]--
    this.leftWhileFilling(place)
  }

  /** What it took is no longer counted, and segments of its own are given back: by one of those who see that it has left. */
  leftWhileFilling(place: number): void {
    if (!this.discount(place)) return
    const leader = this.leaderOf(place)
    if (leader >= 0) this.parts.segments.retire(leader, STATE.sealed)
  }

  /** What a complete object took is no longer counted; false when somebody else has done that. */
  discount(place: number): boolean {
    const { records } = this.parts
    if (!records.stepState(place, COMPLETE, GONE)) return false
    this.discountHead(place)
    for (let extent = records.firstExtent(place); extent !== 0; extent = records.nextExtent(extent)) this.discountUnits(extent)
    return true
  }

  /** The same for a head record whose extents live on under another one. */
  discountHead(place: number): void {
    this.discountUnits(place)
  }

  private discountUnits(place: number): void {
    const { records, segments, memory } = this.parts
    const units = records.unitsOf(place)
    segments.addLive(segments.at(place), -units)
    memory.tally[TALLY.live_bytes] -= units * UNIT_BYTES
  }
}
