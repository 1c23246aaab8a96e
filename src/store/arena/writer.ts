import type { ObjectHead } from '../contract.ts'
import { objectEnd_ms } from '../contract.ts'
import type { Allocator } from './allocator.ts'
import type { Checks } from './checks.ts'
import { capacityOf, type Geometry, UNIT_BYTES, units } from './geometry.ts'
import { encodeHead, endOf_ms, headSize, setExpectedBytes } from './head-codec.ts'
import { nextGeneration } from './header.ts'
import { TALLY, type ArenaMemory } from './memory.ts'
import { EXTENT_RECORD_BYTES, HEAD_RECORD_BYTES, type Records } from './records.ts'
import { STATE, type Segments } from './segments.ts'

/** Largest extent: what is verified, and read from a file, at one go. */
export const EXTENT_BYTES_MAX = 256 * 1024
/** The first extent of a body of unknown size; each further one is twice as large. */
const FIRST_EXTENT_BYTES = 4096
/** Bodies of more segments than this have segments of their own. */
export const SHARED_SEGMENTS_MAX = 4

/** A smaller piece of a segment's end is not worth a record. */
const LEAST_EXTENT_UNITS = units(EXTENT_RECORD_BYTES + FIRST_EXTENT_BYTES)

/** What the parts of an arena need of each other. */
export interface ArenaParts {
  readonly memory: ArenaMemory
  readonly segments: Segments
  readonly records: Records
  readonly allocator: Allocator
  /** Of an arena in a file. */
  readonly checks: Checks | undefined
}

/** Bytes in one piece of the arena, behind a head record or an extent's. */
export interface Piece {
  /** Of the extent; of the head record for a body that lies inline. */
  readonly place: number
  readonly inline: boolean
  /** Of an extent: what all extents of the body say, and no others. */
  readonly body: number
  /** Byte offset in the arena. */
  readonly at: number
  capacity: number
}

/** Heads of more bytes have no place in a segment: it is to hold several objects. */
function headBytesMax({ segment_bytes }: Geometry): number {
  return segment_bytes / 4 - HEAD_RECORD_BYTES
}

/** Is an object with so large a head, and that body, small enough to be stored at all? */
export function fitsIn(geometry: Geometry, head_bytes: number, expected_bytes: number): boolean {
  return head_bytes <= headBytesMax(geometry) && head_bytes + Math.max(0, expected_bytes) <= capacityOf(geometry) / 2
}

/**
 * Writes one object's record and body. The segments it writes to are pinned until `release`, so that what is not finished is
 * never evicted. It knows nothing of the index and of readers.
 */
export class ObjectWriter {
  place = 0
  generation = 0
  readonly origin: number
  readonly ring: number
  /** Pieces of the body in order; all but the last are full. */
  readonly pieces: Piece[] = []
  filled_bytes = 0
  total_units = 0
  entry = -1
  /** Set when it has segments of its own. */
  leader = -1
  private readonly parts: ArenaParts
  private readonly pinned: number[] = []
  private room = 0
  private expected_bytes = -1
  private end_ms = 0
  /** No object takes more of the store. */
  private most_units = 0
  /** Of a large object: its last segment, and how far that is used. */
  private last_segment = -1
  private last_used = 0

  constructor(parts: ArenaParts, ring: number, origin: number) {
    this.parts = parts
    this.ring = ring
    this.generation = nextGeneration(parts.memory)
    this.origin = origin === 0 ? this.generation : origin
  }

  /**
   * Places the head, and room for all of a body of known size. False when it cannot be had: `discard` then. `announced_bytes` is
   * what the origin said, when the body lies elsewhere; `serial` as for `Store.open`; `tags` are hashes.
   */
  begin(
    id: string,
    head: ObjectHead,
    expected_bytes: number,
    hi: number,
    lo: number,
    serial: number,
    tags: Int32Array,
    announced_bytes = expected_bytes,
  ): boolean {
    const { bytes, doubles, words } = this.parts.memory
    this.end_ms = objectEnd_ms(head)
    if (!this.placeHead(headSize(id, head, tags.length), expected_bytes, hi, lo)) return false
    encodeHead(bytes, doubles, words, this.place * UNIT_BYTES + HEAD_RECORD_BYTES, id, head, announced_bytes, serial, tags)
    return this.makeRoom(expected_bytes)
  }

  /** The same with the head that lies at another place, of an object whose body has that size. */
  beginCopy(from: number, size_bytes: number): boolean {
    const { memory, records } = this.parts
    const head_at = from * UNIT_BYTES + HEAD_RECORD_BYTES
    const head_bytes = records.headBytes(from)
    this.end_ms = endOf_ms(memory.doubles, head_at)
    if (!this.placeHead(head_bytes, size_bytes, records.hi(from), records.lo(from))) return false
    memory.bytes.copyWithin(this.place * UNIT_BYTES + HEAD_RECORD_BYTES, head_at, head_at + head_bytes)
    return this.makeRoom(size_bytes)
  }

  private placeHead(head_bytes: number, expected_bytes: number, hi: number, lo: number): boolean {
    const { segments, memory, records } = this.parts
    const { segment_bytes, total_bytes } = memory.geometry
    const fixed = HEAD_RECORD_BYTES + head_bytes
    if (head_bytes > headBytesMax(memory.geometry)) return false
    this.expected_bytes = expected_bytes
    this.most_units = Math.floor(total_bytes / 2 / UNIT_BYTES)
    const inline = expected_bytes > 0 && fixed + expected_bytes <= segment_bytes / 4 ? expected_bytes : 0
    if (expected_bytes > segment_bytes * SHARED_SEGMENTS_MAX && !this.lead(expected_bytes)) return false
    const record_units = units(fixed + inline)
    const place = this.reserve(record_units)
    if (place === 0) return false
    this.place = place
    records.writeHead(place, record_units, this.generation, this.origin, hi, lo)
    records.setHeadBytes(place, head_bytes)
    records.setInlineCapacity(place, inline)
    this.account(place, record_units)
    segments.extendEnd(segments.at(place), this.end_ms)
    if (inline > 0) this.pieces.push({ place, inline: true, body: 0, at: place * UNIT_BYTES + fixed, capacity: inline })
    return true
  }

  private makeRoom(expected_bytes: number): boolean {
    return this.pieces.length > 0 || expected_bytes <= 0 || this.prepare(expected_bytes)
  }

  private lead(expected_bytes: number): boolean {
    const { allocator, memory } = this.parts
    allocator.prepare(Math.ceil(expected_bytes / memory.geometry.segment_bytes) + 1)
    this.leader = this.addSegment(true)
    return this.leader >= 0
  }

  /** The object is filed: its extents say where, so that who meets one finds its object. */
  filed(entry: number): void {
    this.entry = entry
    const { records } = this.parts
    for (const piece of this.pieces) if (!piece.inline) records.setExtentEntry(piece.place, entry)
  }

  /** Copies from `chunk`; returns how many bytes there was room for. */
  put(chunk: Buffer, from: number): number {
    let taken = from
    while (taken < chunk.length) {
      const piece = this.current(chunk.length - taken)
      if (piece === undefined) break
      const offset = piece.capacity - this.room
      const count = Math.min(this.room, chunk.length - taken)
      chunk.copy(this.parts.memory.bytes, piece.at + offset, taken, taken + count)
      this.room -= count
      taken += count
      this.filled_bytes += count
      this.setFilled(piece, offset + count)
    }
    return taken - from
  }

  /** Nothing more comes: the end of the last extent is given back if nothing lies behind it. */
  finish(): void {
    const piece = this.pieces.at(-1)
    if (piece !== undefined && !piece.inline && this.leader < 0) this.trim(piece)
    if (this.leader >= 0) this.parts.segments.setWhole(this.leader)
  }

  /** Before it is said to be complete: in a file, what makes it known for whole after a crash. */
  seal(): void {
    const { checks, memory } = this.parts
    if (checks === undefined) return
    // Of an object that got another head, the body is elsewhere, and was sealed there.
    if (this.pieces.length > 0) setExpectedBytes(memory.doubles, this.place * UNIT_BYTES + HEAD_RECORD_BYTES, this.filled_bytes)
    this.sealUntil(this.pieces.length)
    checks.sealHead(this.place)
  }

  /** As it goes, so that the end of a large body is not a long computation. */
  private sealUntil(end: number): void {
    const { checks } = this.parts
    if (checks === undefined || this.entry < 0) return
    for (; this.sealed < end; this.sealed++) {
      const { inline, place } = this.pieces[this.sealed]
      if (!inline) checks.sealExtent(place)
    }
  }

  /** What was written is of no use: nothing leads to it. */
  discard(): void {
    const { segments, records, memory } = this.parts
    if (this.place !== 0) segments.addLive(segments.at(this.place), -records.unitsOf(this.place))
    for (const { inline, place } of this.pieces) if (!inline) segments.addLive(segments.at(place), -records.unitsOf(place))
    memory.tally[TALLY.live_bytes] -= this.total_units * UNIT_BYTES
    this.release()
    if (this.leader >= 0) segments.retire(this.leader, STATE.sealed)
  }

  /** The arena may evict what was written. */
  release(): void {
    for (const segment of this.pinned) this.parts.segments.unpin(segment)
    this.pinned.length = 0
    if (this.leader >= 0) this.parts.allocator.sealLeader(this.leader)
  }

  /** The piece to write to, made when the last one is full. */
  private current(wanted_bytes: number): Piece | undefined {
    while (this.room === 0) {
      const next = this.pieces[this.written + 1]
      if (next !== undefined) {
        this.sealUntil(this.written + 1)
        this.written++
        this.room = next.capacity
      } else if (this.expected_bytes >= 0 || this.total_units > this.most_units || !this.extend(this.growth(wanted_bytes))) return undefined
    }
    return this.pieces[this.written]
  }

  /** Index of the piece that is being filled. */
  private written = -1
  /** Pieces whose check sum is written. */
  private sealed = 0

  private growth(wanted_bytes: number): number {
    const grown = FIRST_EXTENT_BYTES * 2 ** Math.min(6, this.pieces.length)
    return Math.min(EXTENT_BYTES_MAX, Math.max(wanted_bytes, grown))
  }

  /** Extents for all of a body of known size. */
  private prepare(bytes: number): boolean {
    let left = bytes
    while (left > 0) {
      if (!this.extend(Math.min(left, EXTENT_BYTES_MAX))) return false
      left -= this.pieces.at(-1)!.capacity
    }
    return true
  }

  /** One more extent, of that size or of what the segment has left. */
  private extend(bytes: number): boolean {
    const { records } = this.parts
    const record_units = this.fitting(units(EXTENT_RECORD_BYTES + bytes))
    const place = this.reserve(record_units)
    if (place === 0) return false
    const capacity = Math.min(bytes, record_units * UNIT_BYTES - EXTENT_RECORD_BYTES)
    records.writeExtent(place, record_units, this.generation, this.entry, capacity)
    this.account(place, record_units)
    this.parts.segments.extendEnd(this.parts.segments.at(place), this.end_ms)
    const before = this.pieces.at(-1)
    this.pieces.push({ place, inline: false, body: this.generation, at: place * UNIT_BYTES + EXTENT_RECORD_BYTES, capacity })
    if (before === undefined || before.inline) records.setFirstExtent(this.place, place)
    else records.setNextExtent(before.place, place)
    return true
  }

  /** What there is to be had in one piece: all that is wanted, or the rest of the open segment when that is worth a record. */
  private fitting(wanted_units: number): number {
    const { segments, allocator } = this.parts
    const left = this.leader >= 0 ? segments.units - this.last_used : allocator.left(this.ring)
    return left >= LEAST_EXTENT_UNITS ? Math.min(left, wanted_units) : Math.min(segments.units, wanted_units)
  }

  private setFilled(piece: Piece, bytes: number): void {
    if (piece.inline) this.parts.records.setInlineFilled(piece.place, bytes)
    else this.parts.records.setExtentFilled(piece.place, bytes)
  }

  private trim(piece: Piece): void {
    const { records, allocator, segments } = this.parts
    const filled = records.extentFilled(piece.place)
    const before = records.unitsOf(piece.place)
    const after = units(EXTENT_RECORD_BYTES + filled)
    if (after === before || !allocator.trim(this.ring, piece.place, before, after)) return
    // In this order: it never says that it has more than it has.
    records.setExtentCapacity(piece.place, filled)
    records.setUnits(piece.place, after)
    piece.capacity = filled
    allocator.commit(this.ring)
    segments.addLive(segments.at(piece.place), after - before)
    this.parts.memory.tally[TALLY.live_bytes] += (after - before) * UNIT_BYTES
    this.total_units += after - before
  }

  private reserve(record_units: number): number {
    if (this.leader >= 0) return this.reserveOwn(record_units)
    const { allocator, segments } = this.parts
    const place = allocator.reserve(this.ring, record_units)
    if (place !== 0) this.pin(segments.at(place))
    return place
  }

  private reserveOwn(record_units: number): number {
    const { segments } = this.parts
    if (this.last_used + record_units > segments.units && this.addSegment(false) < 0) return 0
    const place = segments.placeOf(this.last_segment) + this.last_used
    this.last_used += record_units
    return place
  }

  private addSegment(leads: boolean): number {
    const { allocator, segments } = this.parts
    const segment = allocator.takeMember(this.ring, leads)
    if (segment < 0) return -1
    if (leads) segments.lead(segment)
    else segments.link(this.last_segment, segment, this.leader)
    this.last_segment = segment
    this.last_used = 0
    this.pin(segment)
    return segment
  }

  /** The record's header is written: it may be walked over, and counts. */
  private account(place: number, record_units: number): void {
    const { allocator, segments, memory } = this.parts
    if (this.leader >= 0) segments.setUsedUnits(this.last_segment, this.last_used)
    else allocator.commit(this.ring)
    segments.addLive(segments.at(place), record_units)
    memory.tally[TALLY.live_bytes] += record_units * UNIT_BYTES
    memory.tally[TALLY.allocated_bytes] += record_units * UNIT_BYTES
    this.total_units += record_units
  }

  private pin(segment: number): void {
    if (this.pinned.at(-1) === segment) return
    this.parts.segments.pin(segment)
    this.pinned.push(segment)
  }
}
