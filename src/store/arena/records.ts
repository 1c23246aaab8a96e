import type { ArenaMemory } from './memory.ts'
import { UNIT_BYTES } from './geometry.ts'

/** Words of a unit: a place times this is an index of the arena's words. */
const UNIT_WORDS = UNIT_BYTES / 4

const HEAD_MAGIC = 0x4c514831
const EXTENT_MAGIC = 0x4c514532

// Words of a head record, which the encoded head and then the inline body follow.
const MAGIC = 0
const UNITS = 1
const GENERATION = 2
const ENTRY = 3
const HI = 4
const LO = 5
const STATE = 6
/** A bit for each worker that follows the body while it fills. */
const FOLLOWERS = 7
const HEAD_BYTES = 9
const INLINE_CAPACITY = 10
const INLINE_FILLED = 11
/** Place of the first extent, 0 for none. */
const NEXT = 12
/** In a file: the check sum of the record's fixed words and of its encoded head, when the object is complete. */
const HEAD_SUM = 13
/** In a file the check sum of an inline body; of a body in extents what all of them have as BODY. */
const BODY_CHECK = 14
/** The generation of the object's first record: what stays the same when it gets another head or is copied. */
const ORIGIN = 15
export const HEAD_RECORD_BYTES = 64

// Words of an extent, which its bytes follow.
/** The generation of the record that it was written for: all extents of a body have the same, and no others. */
const BODY = 2
const EXTENT_ENTRY = 3
const EXTENT_CAPACITY = 4
const EXTENT_FILLED = 5
const EXTENT_NEXT = 6
/** In a file: the check sum of the words before and of the bytes behind. */
const EXTENT_SUM = 7
export const EXTENT_RECORD_BYTES = 32

export const FILLING = 0
export const COMPLETE = 1
export const FAILED = 2
/** It was complete, has left, and what it took is no longer counted. */
export const GONE = 3
/** It has left, and goes on in a window: workers that follow it are sent the rest (relay.ts). */
export const OUTGROWN = 4

/** Reads and writes the fixed part of records: what lies at a place of the arena. */
export class Records {
  private readonly words: Int32Array

  constructor(memory: ArenaMemory) {
    this.words = memory.words
  }

  /** A head record begins: everything but its payload. Its bytes may hold anything before. */
  writeHead(place: number, units: number, generation: number, origin: number, hi: number, lo: number): void {
    const at = place * UNIT_WORDS
    const { words } = this
    words.fill(0, at, at + HEAD_RECORD_BYTES / 4)
    words[at + MAGIC] = HEAD_MAGIC
    words[at + UNITS] = units
    words[at + GENERATION] = generation
    words[at + HI] = hi
    words[at + LO] = lo
    words[at + ORIGIN] = origin
    words[at + ENTRY] = -1
  }

  writeExtent(place: number, units: number, body: number, entry: number, capacity: number): void {
    const at = place * UNIT_WORDS
    const { words } = this
    words[at + MAGIC] = EXTENT_MAGIC
    words[at + UNITS] = units
    words[at + BODY] = body
    words[at + EXTENT_ENTRY] = entry
    words[at + EXTENT_CAPACITY] = capacity
    words[at + EXTENT_FILLED] = 0
    words[at + EXTENT_NEXT] = 0
    words[at + EXTENT_SUM] = 0
  }

  /** Is this the record of the object with that generation and hash? */
  isHead(place: number, generation: number, hi: number, lo: number): boolean {
    const at = place * UNIT_WORDS
    const { words } = this
    return words[at + MAGIC] === HEAD_MAGIC && words[at + GENERATION] === generation && words[at + HI] === hi && words[at + LO] === lo
  }

  isHeadRecord(place: number): boolean {
    return this.words[place * UNIT_WORDS + MAGIC] === HEAD_MAGIC
  }

  /** Is this an extent of that body? The least one has a unit of bytes. */
  isExtentOf(place: number, body: number): boolean {
    const at = place * UNIT_WORDS
    const { words } = this
    return words[at + MAGIC] === EXTENT_MAGIC && words[at + BODY] === body && words[at + UNITS] > 1
  }

  unitsOf(place: number): number {
    return this.words[place * UNIT_WORDS + UNITS]
  }

  /** The end of the last record in a segment was not used. */
  setUnits(place: number, units: number): void {
    this.words[place * UNIT_WORDS + UNITS] = units
  }

  generationOf(place: number): number {
    return this.words[place * UNIT_WORDS + GENERATION]
  }

  entryOf(place: number): number {
    return this.words[place * UNIT_WORDS + ENTRY]
  }

  setEntry(place: number, entry: number): void {
    this.words[place * UNIT_WORDS + ENTRY] = entry
  }

  originOf(place: number): number {
    return this.words[place * UNIT_WORDS + ORIGIN]
  }

  hi(place: number): number {
    return this.words[place * UNIT_WORDS + HI]
  }

  lo(place: number): number {
    return this.words[place * UNIT_WORDS + LO]
  }

  state(place: number): number {
    return Atomics.load(this.words, place * UNIT_WORDS + STATE)
  }

  /** What was written before is seen by whoever sees the new state. */
  setState(place: number, state: number): void {
    Atomics.store(this.words, place * UNIT_WORDS + STATE, state)
  }

  /** One of those who would make the step does. */
  stepState(place: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, place * UNIT_WORDS + STATE, from, to) === from
  }

  headBytes(place: number): number {
    return this.words[place * UNIT_WORDS + HEAD_BYTES]
  }

  setHeadBytes(place: number, bytes: number): void {
    this.words[place * UNIT_WORDS + HEAD_BYTES] = bytes
  }

  inlineCapacity(place: number): number {
    return this.words[place * UNIT_WORDS + INLINE_CAPACITY]
  }

  setInlineCapacity(place: number, bytes: number): void {
    this.words[place * UNIT_WORDS + INLINE_CAPACITY] = bytes
  }

  inlineFilled(place: number): number {
    return Atomics.load(this.words, place * UNIT_WORDS + INLINE_FILLED)
  }

  setInlineFilled(place: number, bytes: number): void {
    Atomics.store(this.words, place * UNIT_WORDS + INLINE_FILLED, bytes)
  }

  /** The place of the first extent. */
  firstExtent(place: number): number {
    return Atomics.load(this.words, place * UNIT_WORDS + NEXT) >>> 0
  }

  setFirstExtent(place: number, extent: number): void {
    const { words } = this
    if (extent !== 0) words[place * UNIT_WORDS + BODY_CHECK] = words[extent * UNIT_WORDS + BODY]
    Atomics.store(words, place * UNIT_WORDS + NEXT, extent | 0)
  }

  headSum(place: number): number {
    return this.words[place * UNIT_WORDS + HEAD_SUM]
  }

  setHeadSum(place: number, sum: number): void {
    this.words[place * UNIT_WORDS + HEAD_SUM] = sum
  }

  /** The check sum of an inline body, else what `bodyOf` says of the object's extents. */
  bodyCheck(place: number): number {
    return this.words[place * UNIT_WORDS + BODY_CHECK]
  }

  setInlineSum(place: number, sum: number): void {
    this.words[place * UNIT_WORDS + BODY_CHECK] = sum
  }

  /** A worker's bit, so that the writer rings it. Set first, then look at what there is: the writer does it the other way round. */
  follow(place: number, worker: number): void {
    Atomics.or(this.words, place * UNIT_WORDS + FOLLOWERS + (worker >>> 5), 1 << (worker & 31))
  }

  eachFollower(place: number, call: (worker: number) => void): void {
    for (let half = 0; half < 2; half++) {
      let bits = Atomics.load(this.words, place * UNIT_WORDS + FOLLOWERS + half)
      for (; bits !== 0; bits &= bits - 1) call(half * 32 + 31 - Math.clz32(bits & -bits))
    }
  }

  bodyOf(place: number): number {
    return this.words[place * UNIT_WORDS + BODY]
  }

  extentEntry(place: number): number {
    return this.words[place * UNIT_WORDS + EXTENT_ENTRY]
  }

  setExtentEntry(place: number, entry: number): void {
    this.words[place * UNIT_WORDS + EXTENT_ENTRY] = entry
  }

  extentCapacity(place: number): number {
    return this.words[place * UNIT_WORDS + EXTENT_CAPACITY]
  }

  setExtentCapacity(place: number, bytes: number): void {
    this.words[place * UNIT_WORDS + EXTENT_CAPACITY] = bytes
  }

  extentFilled(place: number): number {
    return Atomics.load(this.words, place * UNIT_WORDS + EXTENT_FILLED)
  }

  setExtentFilled(place: number, bytes: number): void {
    Atomics.store(this.words, place * UNIT_WORDS + EXTENT_FILLED, bytes)
  }

  nextExtent(place: number): number {
    return Atomics.load(this.words, place * UNIT_WORDS + EXTENT_NEXT) >>> 0
  }

  setNextExtent(place: number, next: number): void {
    Atomics.store(this.words, place * UNIT_WORDS + EXTENT_NEXT, next | 0)
  }

  extentSum(place: number): number {
    return this.words[place * UNIT_WORDS + EXTENT_SUM]
  }

  setExtentSum(place: number, sum: number): void {
    this.words[place * UNIT_WORDS + EXTENT_SUM] = sum
  }
}
