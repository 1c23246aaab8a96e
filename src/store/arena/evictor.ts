import { Ageing } from '../eviction/ageing.ts'
import { Ghost } from '../eviction/ghost.ts'
import { Judge } from '../eviction/judge.ts'
import { DROP_REMEMBER, makeStripe, nextVictimRing, RING_MAIN, RING_SMALL, type Stripe } from '../eviction/policy.ts'
import type { Doorbells } from '../../shm/doorbell.ts'
import { Epochs } from './epochs.ts'
import { capacityOf, UNIT_BYTES } from './geometry.ts'
import { endOf_ms, freshUntil_ms, xidOf } from './head-codec.ts'
import { NO_ENTRY, type IndexTable } from './index-table.ts'
import { EVICTION_LOCK, TALLY, type ArenaMemory } from './memory.ts'
import { nextSequence } from './header.ts'
import type { EarlierObjects } from './earlier.ts'
import { Legible } from './legible.ts'
import type { Objects } from './objects.ts'
import { COMPLETE } from './records.ts'
import { STATE, type Segments } from './segments.ts'
import type { Tags } from './tags.ts'
import { ObjectWriter, SHARED_SEGMENTS_MAX, type ArenaParts } from './writer.ts'

/** Objects judged in one segment at most: one for each of the smallest records. */
const STRIPE_OBJECTS = 16_384
/** Rounds without a segment gained after which a call gives up: it was asked at a moment, not for ever. */
const ROUNDS_MAX = 64
/** Segments kept free: so many that copying what is worth keeping finds room. */
const RESERVE_MIN = 4
const RESERVE_MAX = 16
/** How long a worker stands still for a free segment; after that the response goes around the store. */
const WAIT_MAX_MS = 2

/** Of the parameter table. */
export interface EvictionParameters {
  /** Between byte hits (0) and object hits (1). */
  readonly eviction_size_bias: number
}

/** Makes room: judges the oldest segments' objects, a segment at a time, and keeps a few segments free. */
export class Evictor {
  readonly ghost: Ghost
  readonly ageing: Ageing
  private readonly parts: ArenaParts
  private readonly memory: ArenaMemory
  private readonly segments: Segments
  private readonly index: IndexTable
  private readonly objects: Objects
  private readonly tags: Tags
  private readonly epochs: Epochs
  private readonly bells: Doorbells | undefined
  private readonly judge: Judge
  private readonly legible: Legible
  private readonly stripe: Stripe = makeStripe(STRIPE_OBJECTS)
  /** By object of the stripe: its place and index entry. */
  private readonly places = new Float64Array(STRIPE_OBJECTS)
  private readonly entries = new Int32Array(STRIPE_OBJECTS)
  private readonly reserve: number
  private now_ms = 0
  /** Announces that what was found so far in this run is not in use any more. */
  announce: () => void = () => {}
  /** Of an object that the disk cannot read any more. */
  lost: EarlierObjects['lost'] = () => {}
  /** Of the record met last: the next one may be the same object's. */
  private last_entry = NO_ENTRY

  constructor(
    parts: ArenaParts,
    index: IndexTable,
    objects: Objects,
    tags: Tags,
    epochs: Epochs,
    parameters: EvictionParameters,
    bells: Doorbells | undefined,
  ) {
    this.parts = parts
    this.memory = parts.memory
    this.segments = parts.segments
    this.index = index
    this.objects = objects
    this.tags = tags
    this.epochs = epochs
    this.bells = bells
    const capacity_bytes = capacityOf(this.memory.geometry)
    this.ghost = new Ghost(this.memory.ghost, capacity_bytes * 0.9)
    this.ageing = new Ageing(this.memory.ageing, capacity_bytes)
    this.legible = new Legible(parts)
    this.judge = new Judge(this.ageing, parameters, this.memory.worker + 1)
    this.reserve = Math.max(RESERVE_MIN, Math.min(RESERVE_MAX, this.segments.count >> 4))
  }

  /** The wall clock, for what has ended; told by upkeep. */
  setNow(now_ms: number): void {
    this.now_ms = now_ms
  }

  /**
   * Keeps a reserve of free segments, and `wanted` free at once if that can be. Called where nothing found in this run is in
   * use, but what readers hold: so our own run is no reason to wait.
   */
  readonly makeRoom = (wanted: number): void => {
    const { segments, memory } = this
    const enough = Math.max(this.reserve, wanted)
    if (segments.free >= enough || !memory.locks.tryLock(EVICTION_LOCK)) return
    try {
      this.announce()
      segments.reap()
      this.evictUntil(enough)
      this.announce()
      segments.reap()
    } finally {
      memory.locks.unlock(EVICTION_LOCK)
    }
    if (segments.retired > 0) this.hurry()
    if (segments.free < wanted) this.waitFor(wanted)
  }

  private evictUntil(enough: number): void {
    const { segments } = this
    let most = segments.free + segments.retired
    // Rounds since the last one that gained a segment.
    for (let round = 0; round < ROUNDS_MAX && segments.free + segments.retired < enough; round++) {
      if (!this.evictOne(round)) return
      this.refill()
      if (segments.free + segments.retired <= most) continue
      most = segments.free + segments.retired
      round = -1
    }
  }

  /** Copies need free segments now: what the rounds before have retired, as soon as nobody can see it. */
  private refill(): void {
    if (this.segments.retired === 0 || this.segments.free >= this.reserve) return
    this.announce()
    this.segments.reap()
  }

  /** The other workers end their runs within a millisecond, or are woken to say that they are in none. */
  private waitFor(wanted: number): void {
    const { segments, memory } = this
    const deadline_ms = performance.now() + WAIT_MAX_MS
    while (segments.free < wanted && segments.retired > 0 && performance.now() < deadline_ms) {
      if (!memory.locks.tryLock(EVICTION_LOCK)) continue
      segments.reap()
      memory.locks.unlock(EVICTION_LOCK)
    }
  }

  /** Segments of which all objects have ended. */
  expire(segments_max: number): void {
    if (!this.memory.locks.tryLock(EVICTION_LOCK)) return
    try {
      this.memory.disk?.nextRound()
      let expired = 0
      for (let segment = 0; segment < this.segments.count && expired < segments_max; segment++) {
        if (this.segments.state(segment) !== STATE.sealed || this.segments.end_ms(segment) > this.now_ms) continue
        if (this.segments.pinned(segment) || this.legible.isLost(segment) || !this.legible.isReadable(segment)) continue
        if (!this.segments.beginJudging(segment)) continue
        this.gather(segment, RING_MAIN)
        for (let i = 0; i < this.stripe.count; i++) if (this.drop(i)) this.countExpired(i)
        this.retire(segment)
        expired++
      }
      this.segments.reap()
      if (this.memory.disk !== undefined) this.segments.returnWithheld(this.now_ms)
    } finally {
      this.memory.locks.unlock(EVICTION_LOCK)
    }
  }

  /** Workers that sit still hold back what was retired: they are to say that they are in no old run. */
  private hurry(): void {
    const epoch = this.segments.oldestRetirement()
    if (epoch !== undefined && this.bells !== undefined) this.epochs.hurry(epoch, this.bells)
  }

  private evictOne(round: number): boolean {
    const segment = this.victim()
    if (segment < 0) return false
    // What is counted of an old one may be wrong, and nothing that can be found may lie in it then.
    const counts = this.segments.liveUnits(segment) > 0 || this.segments.isOld(segment)
    // A broken disk takes its time to say so: the next call tries another.
    if (counts && !this.legible.segment(segment)) return false
    if (!this.segments.beginJudging(segment)) return false
    const ring = this.segments.ring(segment)
    if (counts && !this.decide(segment, ring, round)) return true
    this.retire(segment)
    return true
  }

  /** False when the segment stays as it is: it leads a large object that is worth keeping. */
  private decide(segment: number, ring: number, round: number): boolean {
    const { stripe, segments, judge } = this
    this.gather(segment, ring)
    stripe.requeued = stripe.count === 1 && segments.isWhole(segment)
    judge.judge(stripe, this.now_ms, round)
    if (stripe.requeued && stripe.verdict[0] >= 0) {
      this.index.setFrequency(this.entries[0], stripe.verdict[0])
      segments.requeue(segment, RING_MAIN, nextSequence(this.memory))
      this.memory.tally[TALLY.moved]++
      return false
    }
    for (let i = 0; i < stripe.count; i++) {
      if (stripe.verdict[i] >= 0 && this.keep(i)) continue
      if (stripe.verdict[i] === DROP_REMEMBER) this.remember(i)
      const counts = this.objects.counts(this.places[i])
      if (this.drop(i) && counts) this.count(i, ring)
    }
    return true
  }

  private retire(segment: number): void {
    if (this.segments.isOld(segment)) this.memory.tally[TALLY.live_bytes] -= this.segments.takeLive(segment) * UNIT_BYTES
    this.segments.retire(segment, STATE.judged)
  }

  private countExpired(i: number): void {
    const { tally, doubles, words } = this.memory
    tally[TALLY.expired]++
    const { watcher } = this.objects
    if (!watcher.wanted || !this.objects.counts(this.places[i])) return
    const at = this.objects.headAt(this.places[i])
    watcher.expired(xidOf(words, at), freshUntil_ms(doubles, at))
  }

  private count(i: number, ring: number): void {
    const { tally, words } = this.memory
    const { watcher } = this.objects
    if (watcher.wanted) watcher.evicted(xidOf(words, this.objects.headAt(this.places[i])))
    tally[TALLY.nuked]++
    tally[ring === RING_SMALL ? TALLY.evicted_small : TALLY.evicted_main]++
  }

  /** The oldest sealed segment of the ring whose turn it is; one that holds nothing any more goes first. */
  private victim(): number {
    const { segments } = this
    const oldest = [-1, -1]
    const next = [-1, -1]
    const counts = [0, 0]
    for (let segment = 0; segment < segments.count; segment++) {
      const state = segments.state(segment)
      if (state === STATE.free || state === STATE.retired) continue
      const ring = segments.ring(segment)
      counts[ring]++
      if (state !== STATE.sealed || segments.pinned(segment) || this.legible.isLost(segment)) continue
      if (segments.liveUnits(segment) === 0) return segment
      const known = oldest[ring]
      if (known >= 0 && segments.sequence(segment) >= segments.sequence(known)) continue
      next[ring] = known
      oldest[ring] = segment
    }
    const ring = nextVictimRing(counts[RING_SMALL], counts[RING_MAIN])
    // Its turn comes soon: until then the disk has read it.
    if (this.memory.disk !== undefined && next[ring] >= 0) this.memory.disk.expect(next[ring])
    return oldest[ring] >= 0 ? oldest[ring] : oldest[1 - ring]
  }

  /** The live objects that have something in the segment: their heads, or extents of heads that lie elsewhere. */
  private gather(segment: number, ring: number): void {
    const { segments, stripe } = this
    const { records } = this.parts
    stripe.count = 0
    stripe.ring = ring === RING_SMALL ? RING_SMALL : RING_MAIN
    const first = segments.placeOf(segment)
    const end = first + segments.usedUnits(segment)
    const old = segments.isOld(segment)
    this.last_entry = NO_ENTRY
    for (let place = first; place < end;) {
      this.meet(place)
      const units = records.unitsOf(place)
      const next = units > 0 ? Math.min(end, place + units) : end
      if (old) this.meetVerified(place + 1, next)
      place = next
    }
  }

  /** Between the records: what an earlier process has left there and this one has found to be whole. */
  private meetVerified(from: number, end: number): void {
    const { disk } = this.memory
    if (disk === undefined) return
    for (let place = disk.nextVerified(from, end); place < end; place = disk.nextVerified(place + 1, end)) this.meet(place)
  }

  private meet(place: number): void {
    const { records } = this.parts
    const head = records.isHeadRecord(place)
    const entry = head ? records.entryOf(place) : records.extentEntry(place)
    if (entry === this.last_entry || this.stripe.count === STRIPE_OBJECTS || !this.index.has(entry) || !this.belongs(place, head, entry))
      return
    this.last_entry = entry
    this.enlist(entry)
  }

  /** Is this record part of the live object in that entry? */
  private belongs(place: number, head: boolean, entry: number): boolean {
    const { records } = this.parts
    const generation = this.index.generationOf(entry)
    if (generation === 0) return false
    const at = this.index.placeOf(entry)
    if (!this.segments.holds(at + 1) || !this.isRead(this.legible.head(at), entry, at)) return false
    if (records.generationOf(at) !== generation || (head && at !== place)) return false
    if (!this.isRead(this.legible.object(at), entry, at)) return false
    if (head) return true
    const first = this.objects.firstExtent(at)
    return first !== 0 && records.bodyOf(first) === records.bodyOf(place)
  }

  private isRead(legible: boolean, entry: number, place: number): boolean {
    if (!legible) this.lost(entry, place)
    return legible
  }

  private enlist(entry: number): void {
    const { stripe } = this
    for (let i = Math.max(0, stripe.count - 4); i < stripe.count; i++) if (this.entries[i] === entry) return
    const i = stripe.count++
    const place = this.index.placeOf(entry)
    this.entries[i] = entry
    this.places[i] = place
    stripe.size_bytes[i] = this.objects.unitsOf(place) * UNIT_BYTES
    stripe.freq[i] = this.index.frequency(entry)
    stripe.expiry_ms[i] = endOf_ms(this.memory.doubles, this.objects.headAt(place))
  }

  private remember(i: number): void {
    const { records } = this.parts
    const place = this.places[i]
    this.ghost.add(records.hi(place), records.lo(place), this.stripe.size_bytes[i])
  }

  private drop(i: number): boolean {
    const { records } = this.parts
    const place = this.places[i]
    const removed = this.index.remove(this.entries[i], records.generationOf(place), records.originOf(place))
    if (removed === 0) return false
    this.objects.left(removed)
    return true
  }

  /** Copies the object to the main ring; a large one that has its own segments only gets another head. */
  private keep(i: number): boolean {
    const { records } = this.parts
    const place = this.places[i]
    const entry = this.entries[i]
    if (records.state(place) !== COMPLETE || !this.legible.whole(place) || !this.isIntact(place, entry)) return false
    if (this.objects.leaderOf(place) < 0 && !this.movable(i)) return false
    const writer = new ObjectWriter(this.parts, RING_MAIN, records.originOf(place))
    writer.filed(entry)
    const leads = this.objects.leaderOf(place) >= 0
    const written = leads
      ? writer.beginCopy(place, 0)
      : writer.beginCopy(place, this.objects.bodyBytes(place)) && this.copyBody(place, writer)
    if (!written) {
      writer.discard()
      return false
    }
    if (leads) records.setFirstExtent(writer.place, records.firstExtent(place))
    return this.replace(place, entry, writer, leads, this.stripe.verdict[i])
  }

  /** What another process has written is not copied unseen. */
  private isIntact(place: number, entry: number): boolean {
    const { checks } = this.parts
    return checks === undefined || checks.admitsCopy(place, entry, this.objects)
  }

  /** More than this is not copied at one go; it can be fetched again. */
  private movable(i: number): boolean {
    return this.stripe.size_bytes[i] <= this.memory.geometry.segment_bytes * SHARED_SEGMENTS_MAX
  }

  private copyBody(place: number, writer: ObjectWriter): boolean {
    for (const piece of this.objects.pieces(place)) {
      const bytes = this.memory.bytes.subarray(piece.at, piece.at + this.objects.filledOf(piece))
      if (writer.put(bytes, 0) < bytes.length) return false
    }
    return true
  }

  private replace(place: number, entry: number, writer: ObjectWriter, leads: boolean, frequency: number): boolean {
    const { records } = this.parts
    writer.finish()
    writer.filed(entry)
    records.setEntry(writer.place, entry)
    writer.seal()
    records.setState(writer.place, COMPLETE)
    if (!this.index.move(entry, records.generationOf(place), writer.place, writer.generation)) {
      // It has left, or has another head now and its body still lies here: then it leaves by its origin.
      writer.discard()
      return false
    }
    this.objects.arrived(writer.place)
    this.tags.list(writer.place, entry, writer.generation)
    this.index.setFrequency(entry, frequency)
    this.memory.tally[TALLY.moved]++
    this.memory.tally[TALLY.moved_bytes] += writer.total_units * UNIT_BYTES
    if (!leads) this.objects.discount(place)
    else this.objects.discountHead(place)
    writer.release()
    return true
  }
}
