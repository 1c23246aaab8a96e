import type { Cold } from '../contract.ts'
import type { ArenaBody } from './body.ts'
import type { Checks } from './checks.ts'
import type { Disk } from './disk.ts'
import { UNIT_BYTES } from './geometry.ts'
import type { ArenaReader } from './reader.ts'
import { EXTENT_RECORD_BYTES, HEAD_RECORD_BYTES, type Records } from './records.ts'
import type { Segments } from './segments.ts'
import { EXTENT_BYTES_MAX, type ArenaParts, type Piece } from './writer.ts'

/** A head record with an usual head. A longer one is read in a second step. */
const HEAD_GUESS_BYTES = 2048
/** Extents whose place is looked at before an object is used: more have 16 GiB. */
const CHAIN_MAX = 65_536

/** Of an extent its record is looked at, too. */
function fromOf({ inline, at }: Piece): number {
  return inline ? at : at - EXTENT_RECORD_BYTES
}

/** Another look, at once. */
const AGAIN: Cold = { thaw: queueMicrotask }

/**
 * What of a file must not be touched yet: it is not in memory, and a page fault would stop this thread with all its clients
 * (docs/decisions/0014), or it has not been verified. One in each worker.
 */
export class ColdReads {
  private readonly disk: Disk
  private readonly checks: Checks
  private readonly segments: Segments
  private readonly records: Records
  /** The range could not be read: what lay there is lost. */
  private readonly lost: (entry: number, place: number) => void

  constructor(parts: ArenaParts, disk: Disk, checks: Checks, lost: (entry: number, place: number) => void) {
    this.disk = disk
    this.checks = checks
    this.segments = parts.segments
    this.records = parts.records
    this.lost = lost
  }

  /** What is to be waited for before the record at `place`, and what its extents say of themselves, may be looked at. */
  ofRecord(place: number, entry: number): Cold | undefined {
    if (!this.segments.holds(place) || this.isRecordWarm(place)) return undefined
    return { thaw: (done) => void this.thawRecord(place, entry).then(done) }
  }

  /** The same before the body's first bytes are handed out. What is broken is taken out: the next look misses it. */
  ofBody(body: ArenaBody): Cold | undefined {
    const piece = body.firstPiece
    if (piece === undefined || body.state !== 'complete') return undefined
    if (!this.isPieceWarm(piece)) return { thaw: (done) => void this.warmPiece(piece, body).then(done) }
    if (this.isSound(body, piece)) return undefined
    body.spoil()
    return AGAIN
  }

  /** May this piece of a body be handed out in this run? */
  isReady(body: ArenaBody, piece: Piece): boolean {
    return this.isPieceWarm(piece) && this.isSound(body, piece)
  }

  /** May it be handed to the reader, who holds it? If not yet, the reader is told when it may; if never, the body is broken. */
  offer(body: ArenaBody, piece: Piece, reader: ArenaReader): boolean {
    if (reader.waiting) return false
    // After a read it is touched in any case: memory may be so short that waiting would have no end.
    if (reader.thawed !== piece.place && !this.isPieceWarm(piece)) {
      reader.waiting = true
      void this.warmPiece(piece, body).then((warm) => {
        if (warm) reader.resume(piece.place)
        else body.spoil()
      })
      return false
    }
    if (piece.inline || this.checks.admitsExtent(piece.place, body.entry)) return true
    body.spoil()
    return false
  }

  /**
   * The body's segments are pinned. Is what they hold still the body's? An extent that the walk over its segment does not come by
   * (another process left it so) does not keep its segment from being written over.
   */
  isHeld(pieces: readonly Piece[]): boolean {
    for (const piece of pieces) if (!this.isThere(piece)) return false
    return true
  }

  private isSound(body: ArenaBody, piece: Piece): boolean {
    return piece.inline || (this.isThere(piece) && this.checks.admitsExtent(piece.place, body.entry))
  }

  private isThere({ place, inline, body }: Piece): boolean {
    const { segments, records } = this
    if (inline) return true
    if (!records.isExtentOf(place, body) || !segments.reaches(place)) return false
    const segment = segments.at(place)
    return !segments.isOld(segment) || segments.isSettled(segment)
  }

  private isRecordWarm(place: number): boolean {
    const { records } = this
    if (!this.isWarm(place, HEAD_GUESS_BYTES)) return false
    if (!records.isHeadRecord(place)) return true
    if (!this.isWarm(place, HEAD_RECORD_BYTES + records.headBytes(place) + this.checkedWith(place))) return false
    let extent = records.firstExtent(place)
    for (let n = 0; this.segments.holds(extent) && n < CHAIN_MAX; n++) {
      if (!this.isWarm(extent, EXTENT_RECORD_BYTES)) return false
      if (!records.isExtentOf(extent, records.bodyCheck(place))) break
      extent = records.nextExtent(extent)
    }
    return true
  }

  /** So much of the body is verified with the head, when it is first found. */
  private checkedWith(place: number): number {
    return this.checks.isNews(place) ? Math.max(0, this.records.inlineFilled(place)) : 0
  }

  /** All of it may have been written over while it was read: then the next look finds that out. */
  private async thawRecord(place: number, entry: number): Promise<void> {
    const { records } = this
    const thaw = (at: number, bytes: number): Promise<boolean> | true =>
      this.isWarm(at, bytes) || this.warm(at * UNIT_BYTES, this.within(at, bytes), place, entry)
    if (!(await thaw(place, HEAD_GUESS_BYTES)) || !records.isHeadRecord(place)) return
    if (!(await thaw(place, HEAD_RECORD_BYTES + records.headBytes(place) + records.inlineFilled(place)))) return
    let extent = records.firstExtent(place)
    for (let n = 0; this.segments.holds(extent) && n < CHAIN_MAX; n++) {
      if (!(await thaw(extent, EXTENT_RECORD_BYTES)) || !records.isExtentOf(extent, records.bodyCheck(place))) return
      if (n === 0 && !(await thaw(extent, EXTENT_RECORD_BYTES + records.extentFilled(extent)))) return
      extent = records.nextExtent(extent)
    }
  }

  private isWarm(place: number, bytes: number): boolean {
    return this.disk.residency.isWarm(place * UNIT_BYTES, this.within(place, bytes))
  }

  /** Lengths that were read may say anything. */
  private within(place: number, bytes: number): number {
    return Math.max(1, Math.min(bytes, this.segments.unitsBehind(place) * UNIT_BYTES, EXTENT_BYTES_MAX + EXTENT_RECORD_BYTES))
  }

  /** False when the disk cannot read it: then the object is lost, and its segment is left alone. */
  private async warm(from: number, length: number, object: number, entry: number): Promise<boolean> {
    const outcome = await this.disk.residency.warm(from, length)
    if (outcome === 0) return true
    this.disk.trouble(outcome)
    this.disk.condemn(this.segments.at(from / UNIT_BYTES))
    this.lost(entry, object)
    return false
  }

  private isPieceWarm(piece: Piece): boolean {
    return this.disk.residency.isWarm(fromOf(piece), piece.at + piece.capacity - fromOf(piece))
  }

  private warmPiece(piece: Piece, body: ArenaBody): Promise<boolean> {
    return this.warm(fromOf(piece), piece.at + piece.capacity - fromOf(piece), body.place, body.entry)
  }
}
