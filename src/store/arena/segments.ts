import type { Epochs } from './epochs.ts'
import { SEGMENT_WORDS, UNIT_BYTES } from './geometry.ts'
import { HEADER } from './header.ts'
import { COLD_LOOKS_MAX, isFull } from './disk.ts'
import { FREE_SEGMENTS, RETIRED_SEGMENTS, WITHHELD_SEGMENTS, type ArenaMemory } from './memory.ts'
import { OBJECTS_WORD, settleObjects } from './object-counts.ts'

/** What a segment is for. Steps between them are compare-and-exchange: one thread makes each. */
export const STATE = {
  free: 0,
  /** Its owner appends to it. */
  open: 1,
  /** Full, and in its ring. */
  sealed: 2,
  /** Its owner judges its objects. */
  judged: 3,
  /** Nobody can find anything in it; free when the runs of that time have passed and nobody reads it. */
  retired: 4,
  /** Part of a large object, behind the segment that leads it. */
  member: 5,
  /** In a file: the disk has no room for it, or cannot read or write it. */
  withheld: 6,
} as const

/** Words of a segment's row in the table. */
export const ROW = {
  state: 0,
  ring: 1,
  used: 2,
  live: 3,
  owner: 4,
  retired_in: 5,
  /** Of a large object's segments: the first one + 1 (its own number for the first), and the next one + 1. */
  leader: 6,
  next: 7,
  /** 1: all of a large object is there. */
  whole: 12,
  /** In a file: the process that wrote it. */
  boot: 13,
  objects: OBJECTS_WORD,
  /** Doubles, in doubles: place in the ring, and when the last of its objects ends. */
  sequence: 4,
  end: 5,
} as const

const STATE_WORD = ROW.state
const RING = ROW.ring
const USED_UNITS = ROW.used
const LIVE_UNITS = ROW.live
const OWNER = ROW.owner
const RETIRED_IN = ROW.retired_in
const LEADER = ROW.leader
const NEXT = ROW.next
const SEQUENCE = ROW.sequence
const END = ROW.end
const WHOLE = ROW.whole
const BOOT = ROW.boot

/** How long a full disk is believed to be full. */
const WITHHELD_MS = 10_000

const NONE: readonly number[] = []

/** The table of segments. */
export class Segments {
  readonly count: number
  readonly units: number
  private readonly memory: ArenaMemory
  private readonly epochs: Epochs
  private readonly table: Int32Array
  private readonly doubles: Float64Array
  private readonly general: Int32Array
  /** Of the first segment, and behind the last one. */
  private readonly first_place: number
  private readonly end_place: number
  private hint = 0
  /** When `reap` was last called here: retired segments that somebody still reads, for as long as a slow client takes. */
  private held = 0
  /** The same: the epoch that all runs have to pass for the others to be free, for `Epochs.hurry`. */
  awaited: number | undefined
  /** When segments were last seen not to be withheld, or to be given back. */
  private withheld_ms = 0

  constructor(memory: ArenaMemory, epochs: Epochs) {
    this.memory = memory
    this.epochs = epochs
    this.table = memory.table
    this.doubles = memory.tableDoubles
    this.general = memory.general
    this.count = memory.geometry.segments
    this.units = memory.geometry.segment_bytes / UNIT_BYTES
    this.first_place = this.placeOf(0)
    this.end_place = this.placeOf(this.count)
  }

  /** Place of a segment's first byte. */
  placeOf(segment: number): number {
    return (this.memory.geometry.segments_at + segment * this.memory.geometry.segment_bytes) / UNIT_BYTES
  }

  /** The segment in which a place lies. */
  at(place: number): number {
    return Math.floor((place * UNIT_BYTES - this.memory.geometry.segments_at) / this.memory.geometry.segment_bytes)
  }

  /** Does the place lie in a segment? */
  holds(place: number): boolean {
    return place >= this.first_place && place < this.end_place
  }

  /** Units from the place to the end of its segment. */
  unitsBehind(place: number): number {
    return this.units - ((place - this.first_place) % this.units)
  }

  /** Has its segment been written that far? */
  reaches(place: number): boolean {
    return (place - this.first_place) % this.units < this.usedUnits(this.at(place))
  }

  /** Another process wrote it: nothing in it is believed that has not been looked at. */
  isOld(segment: number): boolean {
    const { disk } = this.memory
    return disk !== undefined && this.table[segment * SEGMENT_WORDS + BOOT] !== disk.boot
  }

  /** What is found in it stays where it is until the run has ended, and longer for who pins it. */
  isSettled(segment: number): boolean {
    const state = this.state(segment)
    return state === STATE.sealed || state === STATE.member
  }

  state(segment: number): number {
    return Atomics.load(this.table, segment * SEGMENT_WORDS + STATE_WORD)
  }

  ring(segment: number): number {
    return this.table[segment * SEGMENT_WORDS + RING]
  }

  usedUnits(segment: number): number {
    return Atomics.load(this.table, segment * SEGMENT_WORDS + USED_UNITS)
  }

  /** A record's header is written before the segment reaches behind it: who walks a segment never meets half of one. */
  setUsedUnits(segment: number, units: number): void {
    Atomics.store(this.table, segment * SEGMENT_WORDS + USED_UNITS, units)
  }

  liveUnits(segment: number): number {
    return Atomics.load(this.table, segment * SEGMENT_WORDS + LIVE_UNITS)
  }

  addLive(segment: number, units: number): void {
    Atomics.add(this.table, segment * SEGMENT_WORDS + LIVE_UNITS, units)
  }

  /** All of it is written off. */
  takeLive(segment: number): number {
    return Atomics.exchange(this.table, segment * SEGMENT_WORDS + LIVE_UNITS, 0)
  }

  owner(segment: number): number {
    return this.table[segment * SEGMENT_WORDS + OWNER] - 1
  }

  sequence(segment: number): number {
    return this.doubles[(segment * SEGMENT_WORDS) / 2 + SEQUENCE]
  }

  /** Of the segment that was sealed last. */
  lastSequence(): number {
    return Atomics.load(this.memory.header, HEADER.sequence)
  }

  end_ms(segment: number): number {
    return this.doubles[(segment * SEGMENT_WORDS) / 2 + END]
  }

  /** An object in it ends then. */
  extendEnd(segment: number, end_ms: number): void {
    const at = (segment * SEGMENT_WORDS) / 2 + END
    if (!(this.doubles[at] >= end_ms)) this.doubles[at] = end_ms
  }

  nextMember(segment: number): number {
    return this.table[segment * SEGMENT_WORDS + NEXT] - 1
  }

  leaderOf(segment: number): number {
    return this.table[segment * SEGMENT_WORDS + LEADER] - 1
  }

  isWhole(segment: number): boolean {
    return this.table[segment * SEGMENT_WORDS + WHOLE] === 1
  }

  setWhole(segment: number): void {
    this.table[segment * SEGMENT_WORDS + WHOLE] = 1
  }

  /** It is the first of a large object's. */
  lead(segment: number): void {
    this.table[segment * SEGMENT_WORDS + LEADER] = segment + 1
  }

  /** Appends a segment to those that `last` ends. */
  link(last: number, segment: number, leader: number): void {
    this.table[segment * SEGMENT_WORDS + LEADER] = leader + 1
    this.table[last * SEGMENT_WORDS + NEXT] = segment + 1
  }

  get free(): number {
    return Atomics.load(this.general, FREE_SEGMENTS)
  }

  get retired(): number {
    return Atomics.load(this.general, RETIRED_SEGMENTS)
  }

  /** Those that are free, or will be when the runs of this moment have ended. */
  get free_soon(): number {
    return this.free + Math.max(0, this.retired - this.held)
  }

  /** A free segment becomes ours, in that state; -1 when there is none, or none that can be written without a wait for the disk. */
  take(state: number, ring: number): number {
    const { disk } = this.memory
    let cold = 0
    for (let n = 0; n < this.count && cold < COLD_LOOKS_MAX; n++) {
      const segment = (this.hint + n) % this.count
      if (this.state(segment) !== STATE.free) continue
      const ready = disk === undefined || disk.isWritable(segment)
      if (!ready) cold++
      if (!ready || !this.step(segment, STATE.free, state)) continue
      Atomics.sub(this.general, FREE_SEGMENTS, 1)
      this.hint = segment + 1
      // Before anything that takes long: whoever cleans up after us knows whose it is.
      this.table[segment * SEGMENT_WORDS + OWNER] = this.memory.worker + 1
      if (disk !== undefined && !this.provide(segment, state)) continue
      this.reset(segment, ring)
      return segment
    }
    return -1
  }

  /** Full: into its ring, behind all others. */
  seal(segment: number, sequence: number): void {
    this.doubles[(segment * SEGMENT_WORDS) / 2 + SEQUENCE] = sequence
    this.step(segment, STATE.open, STATE.sealed)
  }

  /** To the end of a ring, without moving anything; or back to where it was. */
  requeue(segment: number, ring: number, sequence: number): void {
    this.table[segment * SEGMENT_WORDS + RING] = ring
    this.doubles[(segment * SEGMENT_WORDS) / 2 + SEQUENCE] = sequence
    this.step(segment, STATE.judged, STATE.sealed)
  }

  beginJudging(segment: number): boolean {
    // Before: it has an owner from the first moment on, and what is sealed is nobody's.
    this.table[segment * SEGMENT_WORDS + OWNER] = this.memory.worker + 1
    return this.step(segment, STATE.sealed, STATE.judged)
  }

  /** Nothing in it can be found any more; with it go the members it leads. */
  retire(segment: number, from: number): boolean {
    // Before: once retired, a segment may soon be another's, and lead elsewhere.
    const members = this.membersOf(segment)
    if (!this.setRetired(segment, from)) return false
    for (const member of members) this.retireMember(member)
    return true
  }

  retireMember(member: number): void {
    this.setRetired(member, STATE.member)
  }

  private membersOf(segment: number): readonly number[] {
    if (this.nextMember(segment) < 0) return NONE
    const members: number[] = []
    for (let member = this.nextMember(segment); member >= 0; member = this.nextMember(member)) members.push(member)
    return members
  }

  /** The epoch first: whoever sees it retired must not free it by an epoch of an earlier time. */
  private setRetired(segment: number, from: number): boolean {
    if (this.state(segment) !== from) return false
    this.table[segment * SEGMENT_WORDS + RETIRED_IN] = this.epochs.next()
    if (!this.step(segment, from, STATE.retired)) return false
    Atomics.add(this.general, RETIRED_SEGMENTS, 1)
    return true
  }

  /**
   * Frees what nobody can see any more. Returns how many there are then. Under the eviction lock: a second thread that frees
   * might come back to a segment that has been used and retired anew since it looked.
   */
  reap(): number {
    this.held = 0
    this.awaited = undefined
    if (this.retired === 0) return this.free
    for (let segment = 0; segment < this.count; segment++) {
      if (this.state(segment) !== STATE.retired) continue
      const epoch = this.table[segment * SEGMENT_WORDS + RETIRED_IN]
      const passed = this.epochs.passed(epoch)
      // In this order: a run that found something here may pin it until it ends, and not later. So pins that are not there when all
      // such runs have ended will not come.
      if (this.pinned(segment)) this.held++
      else if (passed) this.setFree(segment)
      else if (this.awaited === undefined || ((epoch - this.awaited) | 0) > 0) this.awaited = epoch
    }
    return this.free
  }

  /** A reader that may outlive its run holds the segment. Its own row of counts: nothing to contend for. */
  pin(segment: number): void {
    const { pins, worker } = this.memory
    Atomics.add(pins, worker * this.count + segment, 1)
  }

  unpin(segment: number): void {
    const { pins, worker } = this.memory
    Atomics.sub(pins, worker * this.count + segment, 1)
  }

  pinned(segment: number): boolean {
    const { pins, workers } = this.memory
    for (let worker = 0; worker < workers; worker++) if (Atomics.load(pins, worker * this.count + segment) !== 0) return true
    return false
  }

  private setFree(segment: number): void {
    this.forget(segment)
    settleObjects(this.memory, segment)
    if (!this.step(segment, STATE.retired, STATE.free)) return
    Atomics.sub(this.general, RETIRED_SEGMENTS, 1)
    Atomics.add(this.general, FREE_SEGMENTS, 1)
  }

  /** In a file: gives the segment blocks on the disk. Where the disk is full the store makes do with the segments that have some. */
  private provide(segment: number, state: number): boolean {
    const { disk } = this.memory
    const outcome = disk === undefined ? 0 : disk.provide(segment)
    if (outcome === 0) return true
    this.forget(segment)
    this.step(segment, state, STATE.withheld)
    Atomics.add(this.general, WITHHELD_SEGMENTS, 1)
    if (isFull(outcome)) this.withholdOthers()
    disk?.trouble(outcome)
    return false
  }

  private withholdOthers(): void {
    for (let segment = 0; segment < this.count; segment++) {
      if (this.memory.disk?.isProvided(segment) !== false || !this.step(segment, STATE.free, STATE.withheld)) continue
      Atomics.sub(this.general, FREE_SEGMENTS, 1)
      Atomics.add(this.general, WITHHELD_SEGMENTS, 1)
    }
  }

  /** The disk may have room again, after a while. It is asked first: who keeps away from a store that is not happy would never make it so. */
  returnWithheld(now_ms: number): void {
    if (Atomics.load(this.general, WITHHELD_SEGMENTS) === 0) this.withheld_ms = now_ms
    if (now_ms - this.withheld_ms < WITHHELD_MS) return
    this.withheld_ms = now_ms
    let asked = false
    for (let segment = 0; segment < this.count; segment++) {
      if (this.state(segment) !== STATE.withheld) continue
      if (!asked && isFull(this.memory.disk?.allocate(segment) ?? 0)) return
      asked = true
      if (!this.step(segment, STATE.withheld, STATE.free)) continue
      Atomics.sub(this.general, WITHHELD_SEGMENTS, 1)
      Atomics.add(this.general, FREE_SEGMENTS, 1)
    }
  }

  /**
   * Before it is free. Whoever takes it is seen with it before he has written whose it is and what it belongs to: until then it is
   * nobody's and belongs to nothing, or who cleans up behind a dead worker would take what it said of its last use for true.
   */
  private forget(segment: number): void {
    const at = segment * SEGMENT_WORDS
    this.table[at + OWNER] = 0
    this.table[at + LEADER] = 0
    this.table[at + NEXT] = 0
  }

  private reset(segment: number, ring: number): void {
    const at = segment * SEGMENT_WORDS
    this.table.fill(0, at + RING, at + SEGMENT_WORDS)
    this.table[at + RING] = ring
    this.table[at + OWNER] = this.memory.worker + 1
    this.table[at + BOOT] = this.memory.disk === undefined ? 0 : this.memory.disk.boot
  }

  private step(segment: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.table, segment * SEGMENT_WORDS + STATE_WORD, from, to) === from
  }
}
