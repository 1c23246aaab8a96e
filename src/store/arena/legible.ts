import type { Disk } from './disk.ts'
import { UNIT_BYTES } from './geometry.ts'
import { EXTENT_RECORD_BYTES, HEAD_RECORD_BYTES } from './records.ts'
import type { ArenaParts } from './writer.ts'

/** Extents whose record is looked at: more have 16 GiB. */
const CHAIN_MAX = 65_536

/**
 * What may be touched to make room, in a file. Eviction reads what nobody has asked for, the oldest first, so that it comes by each bad
 * sector of a disk: through the mapping that would be a SIGBUS. What is not in memory it has read with an error code, and waits for.
 */
export class Legible {
  private readonly parts: ArenaParts
  private readonly disk: Disk | undefined
  /** All of it has been read. */
  private walked = -1

  constructor(parts: ArenaParts) {
    this.parts = parts
    this.disk = parts.memory.disk
  }

  /** There is no hurry: the segment is walked over when it has been read. */
  isReadable(segment: number): boolean {
    return this.disk === undefined || this.disk.isReadable(segment)
  }

  /** The disk cannot read it. */
  isLost(segment: number): boolean {
    return this.disk !== undefined && this.disk.isCondemned(segment)
  }

  /** All of a segment that is going to be walked over. */
  segment(segment: number): boolean {
    if (this.disk === undefined) return true
    if (!this.disk.isLegible(segment)) return false
    this.walked = segment
    return true
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
    if (!this.record(place)) return false
    for (let n = 0; this.parts.segments.holds(extent) && n < CHAIN_MAX; n++) {
      if (!records.isExtentOf(extent, records.bodyCheck(place))) return true
      if (!this.record(extent)) return false
      extent = records.nextExtent(extent)
    }
    return true
  }

  private record(place: number): boolean {
    return this.range(place, this.parts.records.unitsOf(place) * UNIT_BYTES)
  }

  /** Lengths that were read may say anything. */
  private range(place: number, bytes: number): boolean {
    const { segments } = this.parts
    if (this.disk === undefined || segments.at(place) === this.walked) return true
    const at = place * UNIT_BYTES
    const length = Math.max(1, Math.min(bytes, segments.unitsBehind(place) * UNIT_BYTES))
    return this.disk.residency.isWarm(at, length) || this.disk.isLegible(segments.at(place), at, length)
  }
}
