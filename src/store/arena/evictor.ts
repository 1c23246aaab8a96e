import { Ageing } from '../eviction/ageing.ts'
import { Ghost } from '../eviction/ghost.ts'
import { Judge } from '../eviction/judge.ts'
import { DROP_REMEMBER, makeStripe, RING_MAIN, RING_SMALL, type Stripe } from '../eviction/policy.ts'
import { Reserve } from '../eviction/reserve.ts'
import type { Doorbells } from '../../shm/doorbell.ts'
import { Epochs } from './epochs.ts'
import { capacityOf, UNIT_BYTES } from './geometry.ts'
import { endOf_ms, freshUntil_ms, xidOf } from './head-codec.ts'
import { NO_ENTRY, type IndexTable } from './index-table.ts'
import { EVICTION_LOCK, TALLY, type ArenaMemory } from './memory.ts'
import { nextSequence } from './header.ts'
import type { EarlierObjects } from './earlier.ts'
import { Legible } from './legible.ts'
import { Mover } from './mover.ts'
import type { Objects } from './objects.ts'
import { STATE, type Segments } from './segments.ts'
import type { Tags } from './tags.ts'
import { Standstill } from './standstill.ts'
import { areWritable, READY } from './thaw.ts'
import { nextVictim } from './victim.ts'
import type { ArenaParts } from './writer.ts'

/** Objects judged in one segment at most: one for each of the smallest records. */
const STRIPE_OBJECTS = 16_384
/** Rounds without a segment gained after which a call gives up: it was asked at a moment, not for ever. */
const ROUNDS_MAX = 64
/** Objects of more segments are not read for being copied. */
const PORTABLE_SEGMENTS = 16
/** How often a segment is come back to because something of its objects was being read; then it goes to the end of its ring. */
const LOOKS_MAX = 1024

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
  private readonly mover: Mover
  private readonly epochs: Epochs
  private readonly bells: Doorbells | undefined
  private readonly judge: Judge
  private readonly standstill: Standstill
  private readonly legible: Legible
  private readonly stripe: Stripe = makeStripe(STRIPE_OBJECTS)
  /** By object of the stripe: its place and index entry. */
  private readonly places = new Float64Array(STRIPE_OBJECTS)
  private readonly entries = new Int32Array(STRIPE_OBJECTS)
  private readonly reserve: Reserve
  private now_ms = 0
  /** Announces that what was found so far in this run is not in use any more. */
  announce: () => void = () => {}
  /** Of an object that the disk cannot read any more. */
  lost: EarlierObjects['lost'] = () => {}
  /** Of the record met last: the next one may be the same object's. */
  private last_entry = NO_ENTRY
  /** Free segments that are wanted when the disk has read what has to be looked at for them. */
  private wanted = 0
  private thawing = 0
  /** The segment that was put off last, and how often. */
  private put_off = -1
  private looks = 0

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
    this.epochs = epochs
    this.standstill = new Standstill(parts)
    this.bells = bells
    const capacity_bytes = capacityOf(this.memory.geometry)
    this.ghost = new Ghost(this.memory.ghost, capacity_bytes * 0.9)
    this.ageing = new Ageing(this.memory.ageing, capacity_bytes)
    this.legible = new Legible(parts)
    this.mover = new Mover(parts, index, objects, tags, this.legible)
    this.judge = new Judge(this.ageing, parameters, this.memory.worker + 1)
    this.memory.disk?.whenRead(this.goOn)
    this.reserve = new Reserve(this.segments.count)
  }

  /** The wall clock, for what has ended; told by upkeep. */
  setNow(now_ms: number): void {
    this.now_ms = now_ms
  }

  /**
   * Keeps a reserve of free segments; `wanted` are free soon, one of them at once if that can be. Called where nothing found in this
   * run is in use, but what readers hold: so our own run is no reason to wait.
   */
  readonly makeRoom = (wanted: number): void => {
    const { segments } = this
    if (wanted > 1) this.thaw(wanted)
    const evicted = this.evict(Math.max(this.reserve.segments, wanted))
    this.reserve.learn(segments.free > 0)
    if (!evicted) return
    if (segments.retired > 0) this.hurry()
    if (segments.free === 0) this.standstill.forOne(this.announce)
  }

  /** Something was read: what waited for it goes on, in a run of its own. */
  private readonly goOn = (): void => {
    const { wanted, thawing } = this
    this.wanted = 0
    if (thawing > 0) this.thaw(thawing)
    if (wanted > 0 && this.evict(wanted) && this.segments.retired > 0) this.hurry()
  }

  /** For what has many segments: none of those that are free is to wait for the disk when it is taken. */
  private thaw(wanted: number): void {
    this.thawing = areWritable(this.segments, this.memory.disk, wanted) ? 0 : wanted
  }

  private evict(enough: number): boolean {
    const { segments, memory } = this
    if (segments.free >= enough || !memory.locks.tryLock(EVICTION_LOCK)) return false
    try {
      this.announce()
      segments.reap()
      this.evictUntil(enough)
      this.announce()
      segments.reap()
    } finally {
      memory.locks.unlock(EVICTION_LOCK)
    }
    return true
  }

  private evictUntil(enough: number): void {
    const { segments } = this
    let most = segments.free_soon
    // Rounds since the last one that gained a segment.
    for (let round = 0; round < ROUNDS_MAX && segments.free_soon < enough; round++) {
      if (!this.evictOne(round, enough)) return
      this.refill()
      if (segments.free_soon <= most) continue
      most = segments.free_soon
      round = -1
    }
  }

  /** Copies need free segments now: what the rounds before have retired, as soon as nobody can see it. */
  private refill(): void {
    if (this.segments.retired === 0 || this.segments.free >= this.reserve.segments) return
    this.announce()
    this.segments.reap()
  }

  /** Segments of which all objects have ended. */
  expire(segments_max: number): void {
    this.thaw(READY)
    if (!this.memory.locks.tryLock(EVICTION_LOCK)) return
    try {
      let expired = 0
      for (let segment = 0; segment < this.segments.count && expired < segments_max; segment++) {
        if (this.segments.state(segment) !== STATE.sealed || this.segments.end_ms(segment) > this.now_ms) continue
        if (this.segments.pinned(segment) || !this.legible.isReadable(segment, false) || !this.segments.beginJudging(segment)) continue
        this.gather(segment, RING_MAIN)
        if (this.legible.waits && this.giveBack(segment)) continue
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
    const epoch = this.segments.awaited
    if (epoch !== undefined && this.bells !== undefined) this.epochs.hurry(epoch, this.bells)
  }

  /** False when there is nothing to be had now. */
  private evictOne(round: number, enough: number): boolean {
    const segment = nextVictim(this.segments, this.legible)
    if (segment < 0) return false
    // What is counted of an old one may be wrong, and nothing that can be found may lie in it then.
    const counts = this.segments.liveUnits(segment) > 0 || this.segments.isOld(segment)
    if (counts && !this.legible.isReadable(segment, true)) return this.postpone(enough)
    if (!this.segments.beginJudging(segment)) return false
    const ring = this.segments.ring(segment)
    if (counts) {
      this.gather(segment, ring)
      if (this.memory.disk !== undefined && !this.arePortable()) return this.putOff(segment, ring, enough)
      if (!this.decide(segment, ring, round)) return true
    }
    this.retire(segment)
    return true
  }

  private postpone(enough: number): false {
    this.wanted = Math.max(this.wanted, enough)
    return false
  }

  /** What its objects have elsewhere is being read. Where that has no end (memory is short), others have their turn. */
  private putOff(segment: number, ring: number, enough: number): boolean {
    this.looks = segment === this.put_off ? this.looks + 1 : 1
    this.put_off = segment
    if (this.looks < LOOKS_MAX && this.giveBack(segment)) return this.postpone(enough)
    this.put_off = -1
    this.segments.requeue(segment, ring, nextSequence(this.memory))
    return true
  }

  private giveBack(segment: number): true {
    this.segments.requeue(segment, this.segments.ring(segment), this.segments.sequence(segment))
    return true
  }

  /** Could those objects be copied that may be worth it? Others, and very large ones, are given up where it turns out that they cannot. */
  private arePortable(): boolean {
    const { stripe, legible } = this
    const most_bytes = PORTABLE_SEGMENTS * this.memory.geometry.segment_bytes
    for (let i = 0; i < stripe.count; i++)
      if (stripe.freq[i] > 0 && stripe.expiry_ms[i] > this.now_ms && stripe.size_bytes[i] <= most_bytes) legible.whole(this.places[i])
    return !legible.waits
  }

  /** False when the segment stays as it is: it leads a large object that is worth keeping. */
  private decide(segment: number, ring: number, round: number): boolean {
    const { stripe, segments, judge } = this
    stripe.requeued = stripe.count === 1 && segments.isWhole(segment)
    judge.judge(stripe, this.now_ms, round)
    if (stripe.requeued && stripe.verdict[0] >= 0) {
      this.index.setFrequency(this.entries[0], stripe.verdict[0])
      segments.requeue(segment, RING_MAIN, nextSequence(this.memory))
      this.memory.tally[TALLY.moved]++
      return false
    }
    for (let i = 0; i < stripe.count; i++) {
      if (stripe.verdict[i] >= 0 && this.mover.keep(this.places[i], this.entries[i], stripe.size_bytes[i], stripe.verdict[i])) continue
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

  /** The live objects that have something in the segment: their heads, or extents of heads that lie elsewhere. */
  private gather(segment: number, ring: number): void {
    const { segments, stripe } = this
    const { records } = this.parts
    stripe.count = 0
    stripe.ring = ring === RING_SMALL ? RING_SMALL : RING_MAIN
    const first = segments.placeOf(segment)
    const end = first + segments.usedUnits(segment)
    const old = segments.isOld(segment)
    this.legible.walk(segment)
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
    if (!this.index.lookAt(entry)) return false
    const { foundGeneration: generation, foundPlace: at } = this.index
    if (!this.segments.holds(at + 1) || !this.isRead(this.legible.head(at), entry, at)) return false
    if (records.generationOf(at) !== generation || (head && at !== place)) return false
    if (!this.isRead(this.legible.object(at), entry, at)) return false
    if (head) return true
    const first = this.objects.firstExtent(at)
    return first !== 0 && records.bodyOf(first) === records.bodyOf(place)
  }

  private isRead(legible: boolean, entry: number, place: number): boolean {
    if (!legible && !this.legible.waited) this.lost(entry, place)
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
}
