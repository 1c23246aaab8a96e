import { crc32 } from 'node:zlib'
import type { Disk } from './disk.ts'
import { UNIT_BYTES } from './geometry.ts'
import { CHECKED, CHECKED_END, expectedBytes, LEAST_HEAD_BYTES, mistrustChecked } from './head-codec.ts'
import type { ArenaMemory } from './memory.ts'
import type { Objects } from './objects.ts'
import { COMPLETE, EXTENT_RECORD_BYTES, HEAD_RECORD_BYTES, type Records } from './records.ts'
import { STATE, type Segments } from './segments.ts'

// Byte offsets in a record: what the sum of a head covers besides its encoded head, and what that of an extent covers besides its bytes.
const HEAD_FIXED = [4, 24, 36, 52] as const
const HEAD_REST = 56
const EXTENT_FIXED = 28

/**
 * Check sums of an arena in a file (docs/decisions/0019): written when an object is complete, compared when what another process
 * has written is first used. What holds its sum, and says that it is where it was looked for, was written by us, in one piece.
 */
export class Checks {
  private readonly bytes: Buffer
  private readonly doubles: Float64Array
  private readonly words: Int32Array
  private readonly disk: Disk
  private readonly segments: Segments
  private readonly records: Records

  constructor(memory: ArenaMemory, disk: Disk, segments: Segments, records: Records) {
    this.bytes = memory.bytes
    this.doubles = memory.doubles
    this.words = memory.words
    this.disk = disk
    this.segments = segments
    this.records = records
  }

  /** The last word about an object, before its state says that it is complete. */
  sealHead(place: number): void {
    const { records } = this
    const inline = records.inlineFilled(place)
    if (records.inlineCapacity(place) > 0) records.setInlineSum(place, this.inlineSum(place, inline))
    records.setHeadSum(place, this.headSum(place))
    this.disk.residency.written(place * UNIT_BYTES, HEAD_RECORD_BYTES + records.headBytes(place) + inline)
  }

  /** The same about an extent that is full, or the last. */
  sealExtent(place: number): void {
    const filled = this.records.extentFilled(place)
    this.records.setExtentSum(place, this.extentSum(place, filled))
    this.disk.residency.written(place * UNIT_BYTES, EXTENT_RECORD_BYTES + filled)
  }

  /**
   * May the head record be used that index entry leads to? Its segment must be there to stay, for an entry that another process
   * has left behind may point anywhere: into a segment that is about to be written, or to where a walk over its segment does
   * not come by, so that it would be written over under the object.
   */
  admitsHead(place: number, entry: number): boolean {
    const { segments, records, disk } = this
    if (!segments.holds(place) || !segments.holds(place + 1) || !segments.reaches(place)) return false
    const segment = segments.at(place)
    if (!segments.isOld(segment)) return true
    if (records.state(place) !== COMPLETE || records.entryOf(place) !== entry) return false
    if (!disk.isVerified(place)) {
      if (!this.isHeadWhole(place)) return false
      disk.setVerified(place)
    }
    return segments.state(segment) === STATE.sealed && segments.isOld(segment)
  }

  /** Another process has written the record, and this one has not used it. */
  isNews(place: number): boolean {
    const { segments, disk } = this
    return segments.holds(place) && segments.isOld(segments.at(place)) && !disk.isVerified(place)
  }

  /** The same for an extent of the object in that entry, when its segment cannot go. */
  admitsExtent(place: number, entry: number): boolean {
    const { segments, records, disk } = this
    if (!segments.reaches(place)) return false
    if (!segments.isOld(segments.at(place)) || disk.isVerified(place)) return true
    if (records.extentEntry(place) !== entry || !this.isExtentWhole(place)) return false
    disk.setVerified(place)
    return true
  }

  /** May all of it be copied? */
  admitsCopy(place: number, entry: number, objects: Objects): boolean {
    const { segments, disk } = this
    if (segments.isOld(segments.at(place)) && !disk.isVerified(place) && !this.isHeadWhole(place)) return false
    if (!this.isBodyThere(place, objects)) return false
    for (const piece of objects.pieces(place)) if (!piece.inline && !this.admitsExtent(piece.place, entry)) return false
    return true
  }

  /** Do the extents, verified or not, have as many bytes as the object says? */
  isBodyThere(place: number, objects: Objects): boolean {
    const bytes = objects.bodyBytes(place)
    const expected = expectedBytes(this.doubles, objects.headAt(place))
    return bytes === expected || (bytes === 0 && expected < 0)
  }

  isHeadWhole(place: number): boolean {
    const { records } = this
    const head_bytes = records.headBytes(place)
    const capacity = records.inlineCapacity(place)
    const filled = records.inlineFilled(place)
    if (!(head_bytes >= LEAST_HEAD_BYTES && capacity >= 0 && filled >= 0 && filled <= capacity)) return false
    if (!this.fits(place, HEAD_RECORD_BYTES + head_bytes + capacity)) return false
    if (records.headSum(place) !== this.headSum(place)) return false
    if (capacity > 0 && records.bodyCheck(place) !== this.inlineSum(place, filled)) return false
    mistrustChecked(this.words, place * UNIT_BYTES + HEAD_RECORD_BYTES)
    return true
  }

  isExtentWhole(place: number): boolean {
    const { records } = this
    const capacity = records.extentCapacity(place)
    const filled = records.extentFilled(place)
    if (!(filled > 0 && filled <= capacity) || !this.fits(place, EXTENT_RECORD_BYTES + capacity)) return false
    return records.extentSum(place) === this.extentSum(place, filled)
  }

  private fits(place: number, bytes: number): boolean {
    const units = this.records.unitsOf(place)
    return units <= this.segments.unitsBehind(place) && bytes <= units * UNIT_BYTES
  }

  private headSum(place: number): number {
    const { bytes } = this
    const at = place * UNIT_BYTES
    const [from, to, from2, to2] = HEAD_FIXED
    const fixed = crc32(bytes.subarray(at + from2, at + to2), crc32(bytes.subarray(at + from, at + to)))
    const until = crc32(bytes.subarray(at + HEAD_REST, at + HEAD_RECORD_BYTES + CHECKED), fixed)
    return crc32(bytes.subarray(at + HEAD_RECORD_BYTES + CHECKED_END, at + HEAD_RECORD_BYTES + this.records.headBytes(place)), until) | 0
  }

  private inlineSum(place: number, filled: number): number {
    const at = place * UNIT_BYTES + HEAD_RECORD_BYTES + this.records.headBytes(place)
    return crc32(this.bytes.subarray(at, at + filled)) | 0
  }

  private extentSum(place: number, filled: number): number {
    const { bytes } = this
    const at = place * UNIT_BYTES
    const body_at = at + EXTENT_RECORD_BYTES
    return crc32(bytes.subarray(body_at, body_at + filled), crc32(bytes.subarray(at, at + EXTENT_FIXED))) | 0
  }
}
