import { UNWATCHED } from '../contract.ts'
import { UNIT_BYTES } from './geometry.ts'
import { checkedOf, setChecked, statusOf, xidOf } from './head-codec.ts'
import { TALLY } from './memory.ts'
import { addObjects, takeObject } from './object-counts.ts'
import { COMPLETE, EXTENT_RECORD_BYTES, GONE, HEAD_RECORD_BYTES } from './records.ts'
import { STATE } from './segments.ts'
import type { ArenaParts, Piece } from './writer.ts'

/**
 * What lies behind an object's place: its pieces, and what it costs. A chain of extents that another process has written to a file
 * may lead anywhere: what is no extent of the body ends it, and `bodyBytes` tells that something is missing.
 */
export class Objects {
  private readonly parts: ArenaParts
  watcher = UNWATCHED

  constructor(parts: ArenaParts) {
    this.parts = parts
  }

  /** Where the encoded head begins. */
  headAt(place: number): number {
    return place * UNIT_BYTES + HEAD_RECORD_BYTES
  }

  /** The first extent of the body, 0 for none. */
  firstExtent(place: number): number {
    const { records } = this.parts
    return this.extentOrEnd(records.firstExtent(place), records.bodyCheck(place))
  }

  /** The next one, 0 at the end. */
  nextExtent(extent: number): number {
    const { records } = this.parts
    return this.extentOrEnd(records.nextExtent(extent), records.bodyOf(extent))
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
      if (inline > 0)
        pieces.push((last = { place, inline: true, body: 0, at: this.headAt(place) + records.headBytes(place), capacity: inline }))
    }
    const next = last === undefined || last.inline ? this.firstExtent(place) : this.nextExtent(last.place)
    this.eachExtent(next, (extent) => {
      const at = extent * UNIT_BYTES + EXTENT_RECORD_BYTES
      pieces.push({ place: extent, inline: false, body: records.bodyOf(extent), at, capacity: records.extentCapacity(extent) })
    })
  }

  filledOf(piece: Piece): number {
    const { records } = this.parts
    return piece.inline ? records.inlineFilled(piece.place) : records.extentFilled(piece.place)
  }

  bodyBytes(place: number): number {
    const { records } = this.parts
    let bytes = records.inlineFilled(place)
    this.eachExtent(this.firstExtent(place), (extent) => {
      bytes += records.extentFilled(extent)
    })
    return bytes
  }

  /** All units of the arena that are the object's. */
  unitsOf(place: number): number {
    let units = this.unitsAt(place)
    this.eachExtent(this.firstExtent(place), (extent) => {
      units += this.unitsAt(extent)
    })
    return units
  }

  /** The segment that leads those of a large object, else -1. */
  leaderOf(place: number): number {
    const { segments } = this.parts
    const first = this.firstExtent(place)
    return first === 0 ? -1 : segments.leaderOf(segments.at(first))
  }

  /** Not a note of the cache's. */
  counts(place: number): boolean {
    return statusOf(this.parts.memory.words, this.headAt(place)) !== 0
  }

  /** The serial of the last invalidation it was checked against. */
  checked(place: number): number {
    return checkedOf(this.parts.memory.words, this.headAt(place))
  }

  setChecked(place: number, serial: number): void {
    setChecked(this.parts.memory.words, this.headAt(place), serial)
  }

  /** It was taken out of the index, by us. If it still fills, its writer finds that out at the end and does the rest. */
  left(place: number): void {
    if (!this.parts.segments.holds(place + 1)) return
    if (this.counts(place) && this.wasCounted(place)) this.parts.memory.tally[TALLY.objects]--
    this.leftWhileFilling(place)
  }

  /** Another object has its entry in the index. */
  readonly displaced = (place: number, same: boolean): void => {
    if (!same && this.counts(place)) this.crowdedOut(place)
    this.left(place)
  }

  /** The bucket was full, and it was the least asked for. */
  private crowdedOut(place: number): void {
    const { tally, words } = this.parts.memory
    tally[TALLY.nuked]++
    tally[TALLY.crowded]++
    if (this.watcher.wanted) this.watcher.evicted(xidOf(words, this.headAt(place)))
  }

  /** It is all there, and filed: from now on it counts in its segment, too. */
  arrived(place: number): void {
    const { segments, memory } = this.parts
    if (this.counts(place)) addObjects(memory, segments.at(place), 1)
  }

  /** What an index entry of an earlier process leads to is not true: if it was counted, it is not any longer. */
  forgotten(place: number, entry: number): void {
    const { segments, records, memory } = this.parts
    if (!segments.holds(place) || !segments.holds(place + 1) || !segments.reaches(place)) return
    if (records.state(place) !== COMPLETE || records.entryOf(place) !== entry) return
    takeObject(memory, segments.at(place))
  }

  /** The same of what the disk cannot read, and is not touched. */
  unreadable(place: number): void {
    const { segments, memory } = this.parts
    if (segments.holds(place)) takeObject(memory, segments.at(place))
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
    this.eachExtent(this.firstExtent(place), (extent) => this.discountUnits(extent))
    return true
  }

  /** The same for a head record whose extents live on under another one. */
  discountHead(place: number): void {
    const { segments, memory } = this.parts
    if (this.counts(place)) addObjects(memory, segments.at(place), -1)
    this.discountUnits(place)
  }

  private discountUnits(place: number): void {
    const { segments, memory } = this.parts
    const units = this.unitsAt(place)
    segments.addLive(segments.at(place), -units)
    memory.tally[TALLY.live_bytes] -= units * UNIT_BYTES
  }

  /** What was being filled when an earlier process ended was not counted when its file was opened. */
  private wasCounted(place: number): boolean {
    const { segments, records } = this.parts
    return records.state(place) === COMPLETE || !segments.isOld(segments.at(place))
  }

  /** Of the record: not more than there are in its segment. */
  private unitsAt(place: number): number {
    const { records, segments } = this.parts
    return Math.max(0, Math.min(records.unitsOf(place), segments.unitsBehind(place)))
  }

  /** A chain that goes round ends when it has been everywhere. */
  private eachExtent(first: number, call: (extent: number) => void): void {
    const { segments } = this.parts
    let left = segments.count * segments.units
    for (let extent = first; extent !== 0 && left > 0; extent = this.nextExtent(extent)) {
      call(extent)
      left -= this.unitsAt(extent)
    }
  }

  private extentOrEnd(extent: number, body: number): number {
    const { segments, records } = this.parts
    if (extent === 0 || !segments.holds(extent) || !records.isExtentOf(extent, body)) return 0
    const room = Math.min(records.unitsOf(extent), segments.unitsBehind(extent)) * UNIT_BYTES - EXTENT_RECORD_BYTES
    const capacity = records.extentCapacity(extent)
    const filled = records.extentFilled(extent)
    return capacity > 0 && capacity <= room && filled >= 0 && filled <= capacity ? extent : 0
  }
}
