import type { Disk } from './disk.ts'
import { UNIT_BYTES } from './geometry.ts'
import { EXTENT_RECORD_BYTES, HEAD_RECORD_BYTES } from './records.ts'
import type { ArenaParts } from './writer.ts'

/** Extents whose record is looked at: more have 16 GiB. */
const CHAIN_MAX = 65_536

/**
 * What may be touched to make room, in a file. Eviction reads what nobody has asked for, the oldest first: so it comes by each bad sector of a
 * disk, which through the mapping would be a SIGBUS, and by what is not in memory, for which a page fault would stop all clients of this
 * worker. What is not there is read in the thread pool, with an error code, and looked at another time.
 */
export class Legible {
  private readonly parts: ArenaParts
  private readonly disk: Disk | undefined
  /** All of it has been read. */
  private walked = -1
  /** Something that was to be touched since `walk` is being read. */
  waits = false
  /** What was asked for last cannot be touched yet, not never. */
  waited = false

  constructor(parts: ArenaParts) {
    this.parts = parts
    this.disk = parts.memory.disk
  }

  /** May the segment be walked over? If not yet, it is being read; that of who needs room now first. */
  isReadable(segment: number, urgent: boolean): boolean {
    const { disk } = this
    return disk === undefined || disk.isReadable(segment, this.parts.segments.usedUnits(segment) * UNIT_BYTES, urgent)
  }

  /** The disk cannot read it. */
  isLost(segment: number): boolean {
    return this.disk !== undefined && this.disk.isCondemned(segment)
  }

  /** The segment, which is readable, is going to be walked over. */
  walk(segment: number): void {
    this.walked = segment
    this.waits = false
  }

  /** The words of the head record at `place`. */
  head(place: number): boolean {
    return this.range(place, HEAD_RECORD_BYTES)
  }

  /** What is looked at to count or drop the object whose head has been read: the encoded head, and what its extents say of themselves. */
  object(place: number): boolean {
    if (this.disk === undefined) return true
    const { records, segments } = this.parts
    if (!this.range(place, HEAD_RECORD_BYTES + records.headBytes(place))) return false
    let extent = records.firstExtent(place)
    for (let n = 0; segments.holds(extent) && n < CHAIN_MAX; n++) {
      if (!this.range(extent, EXTENT_RECORD_BYTES)) return false
      if (!records.isExtentOf(extent, records.bodyCheck(place))) return true
      extent = records.nextExtent(extent)
    }
    return true
  }

  /** All of it, to be copied. */
  whole(place: number): boolean {
    if (this.disk === undefined) return true
    const { records } = this.parts
    let extent = records.firstExtent(place)
    if (!this.range(place, HEAD_RECORD_BYTES + records.headBytes(place) + Math.max(0, records.inlineFilled(place)))) return false
    for (let n = 0; this.parts.segments.holds(extent) && n < CHAIN_MAX; n++) {
      if (!records.isExtentOf(extent, records.bodyCheck(place))) return true
      if (!this.range(extent, EXTENT_RECORD_BYTES + Math.max(0, records.extentFilled(extent)))) return false
      extent = records.nextExtent(extent)
    }
    return true
  }

  /** Lengths that were read may say anything. */
  private range(place: number, bytes: number): boolean {
    const { segments } = this.parts
    if (this.disk === undefined || segments.at(place) === this.walked) return true
    const at = place * UNIT_BYTES
    const length = Math.max(1, Math.min(bytes, segments.unitsBehind(place) * UNIT_BYTES))
    const legible = this.disk.isLegible(segments.at(place), at, length)
    this.waited = legible === undefined
    if (this.waited) this.waits = true
    return legible === true
  }
}
