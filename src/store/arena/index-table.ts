import { OWNER_PATIENCE_MS } from '../../shm/lock.ts'
import { BUCKET_ENTRIES, ENTRY_BYTES, ENTRY_WORDS } from './geometry.ts'
import type { ArenaMemory } from './memory.ts'
import { Records } from './records.ts'

/**
 * Ids to objects: buckets of entries, each four words.
 *
 *   TAG         24 bits of the hash, and in the lowest byte how often the object was asked for
 *   PLACE       of the object's record, 0 when the entry is free
 *   GENERATION  of the object: a number that no other object has. 0: nothing is here
 *   HITS        deliveries
 *
 * Readers take no lock. An entry is written under its bucket's lock, generation 0 first and the new one last, so that each step leaves
 * it usable, and what
 * a reader sees counts only if the record at PLACE says GENERATION, too: any mixture of old and new is a miss. An object leaves by
 * the store of another generation, which everybody who remembers it sees with one load.
 */
const TAG = 0
const PLACE = 1
const GENERATION = 2
const HITS = 3
const TAG_MASK = 0xffffff00 | 0

/** A purge has to succeed; nobody holds a lock for so long and lives. */
const REMOVAL_PATIENCE_MS = 2000

export const NO_ENTRY = -1
/** The generation of no object. */
export const DEAD = 0

export class IndexTable {
  private readonly memory: ArenaMemory
  private readonly words: Int32Array
  private readonly bytes: Uint8Array
  private readonly last_hits: Int32Array
  private readonly buckets: number
  private readonly records: Records
  /** Of the entry that `find` has found. */
  foundPlace = 0
  foundGeneration = 0

  constructor(memory: ArenaMemory, records: Records) {
    this.memory = memory
    this.words = memory.index
    this.bytes = memory.indexBytes
    this.last_hits = memory.last_hits
    this.buckets = memory.geometry.buckets
    this.records = records
  }

  /** The entry of a live object with this hash, or NO_ENTRY. */
  find(hi: number, lo: number): number {
    const { words, records } = this
    const first = this.bucket(lo) * BUCKET_ENTRIES
    for (let entry = first; entry < first + BUCKET_ENTRIES; entry++) {
      const at = entry * ENTRY_WORDS
      // Before anything is read that lies elsewhere.
      if (!this.tagged(entry, hi)) continue
      const place = Atomics.load(words, at + PLACE) >>> 0
      const generation = Atomics.load(words, at + GENERATION)
      if (place === 0 || generation === 0 || !records.isHead(place, generation, hi, lo)) continue
      this.foundPlace = place
      this.foundGeneration = generation
      return entry
    }
    return NO_ENTRY
  }

  /** The entry that `find` would look behind first, without looking there. */
  candidate(hi: number, lo: number): number {
    const { words } = this
    const first = this.bucket(lo) * BUCKET_ENTRIES
    for (let entry = first; entry < first + BUCKET_ENTRIES; entry++) {
      if (((words[entry * ENTRY_WORDS + TAG] ^ hi) & TAG_MASK) === 0 && this.generationOf(entry) !== 0) return entry
    }
    return NO_ENTRY
  }

  get entries(): number {
    return this.buckets * BUCKET_ENTRIES
  }

  /** Somebody is just changing something in its bucket: an object that is being moved is nowhere for a moment. */
  isBusy(entry: number): boolean {
    return this.memory.locks.isTaken(this.memory.lockOf(Math.floor(entry / BUCKET_ENTRIES)))
  }

  /** Is there such an entry? What a file says may be anything. */
  has(entry: number): boolean {
    return entry >= 0 && entry < this.entries
  }

  placeOf(entry: number): number {
    return Atomics.load(this.words, entry * ENTRY_WORDS + PLACE) >>> 0
  }

  generationOf(entry: number): number {
    return Atomics.load(this.words, entry * ENTRY_WORDS + GENERATION)
  }

  isLive(entry: number, generation: number): boolean {
    return generation !== DEAD && Atomics.load(this.words, entry * ENTRY_WORDS + GENERATION) === generation
  }

  /**
   * Shows in `foundPlace` and `foundGeneration` what the entry leads to. One that is being moved has no generation for a moment, and another
   * one between two looks: that is waited for, so that false means that nothing is there.
   */
  lookAt(entry: number): boolean {
    for (;;) {
      const generation = this.generationOf(entry)
      const place = this.placeOf(entry)
      const busy = generation === DEAD && this.isBusy(entry)
      // Last: a move that was under way has ended, or is seen to be under way.
      if (this.generationOf(entry) === generation && (!busy || !this.await(entry))) {
        this.foundGeneration = generation
        this.foundPlace = place
        return generation !== DEAD
      }
    }
  }

  /** Does what nobody who takes the object out or moves it is to come into the middle of. Is it there after that? */
  whileIn(entry: number, generation: number, deed: () => void): boolean {
    const lock = this.memory.lockOf(Math.floor(entry / BUCKET_ENTRIES))
    const ours = this.memory.locks.lock(lock, REMOVAL_PATIENCE_MS)
    deed()
    const there = this.isLive(entry, generation)
    if (ours) this.memory.locks.unlock(lock)
    return there
  }

  /** Until whoever changes something in its bucket is done. False when he does not come to an end. */
  private await(entry: number): boolean {
    const lock = this.memory.lockOf(Math.floor(entry / BUCKET_ENTRIES))
    if (!this.memory.locks.lock(lock, REMOVAL_PATIENCE_MS)) return false
    this.memory.locks.unlock(lock)
    return true
  }

  hits(entry: number): number {
    return this.words[entry * ENTRY_WORDS + HITS]
  }

  /** Workers' hits may cost each other one: it is a statistic, and worth no locked instruction on each hit. */
  setHits(entry: number, hits: number): void {
    this.words[entry * ENTRY_WORDS + HITS] = hits
  }

  /** When it was last hit, to the second. */
  lastHit_ms(entry: number): number {
    return this.last_hits[entry] * 1000
  }

  /** Once a second: the line that other workers look at, too, stays theirs. */
  setLastHit(entry: number, wall_ms: number): void {
    const second = Math.floor(wall_ms / 1000) | 0
    if (this.last_hits[entry] !== second) this.last_hits[entry] = second
  }

  frequency(entry: number): number {
    return this.bytes[entry * ENTRY_BYTES]
  }

  setFrequency(entry: number, frequency: number): void {
    this.bytes[entry * ENTRY_BYTES] = frequency
  }

  /**
   * Files an object: in the place of the one with the same hash, in a free entry, or in that of the least asked for. `displaced` is
   * called with the place of what had to leave, under the lock: was it the one with the same hash? NO_ENTRY when the bucket is not to be had.
   */
  insert(hi: number, lo: number, place: number, generation: number, displaced: (place: number, same: boolean) => void): number {
    const bucket = this.bucket(lo)
    const lock = this.memory.lockOf(bucket)
    if (!this.memory.locks.lock(lock, OWNER_PATIENCE_MS)) return NO_ENTRY
    const entry = this.choose(bucket, hi, lo)
    const at = entry * ENTRY_WORDS
    const old_place = this.placeOf(entry)
    const old_generation = Atomics.exchange(this.words, at + GENERATION, 0)
    if (old_generation !== 0 && this.leadsTo(old_place, old_generation, entry))
      displaced(old_place, this.records.isHead(old_place, old_generation, hi, lo))
    this.records.setEntry(place, entry)
    Atomics.store(this.words, at + PLACE, place | 0)
    this.words[at + TAG] = hi & TAG_MASK
    this.words[at + HITS] = 0
    this.last_hits[entry] = 0
    Atomics.store(this.words, at + GENERATION, generation)
    this.memory.locks.unlock(lock)
    return entry
  }

  /**
   * In a file an entry may lead to another object's record. Where one that is free led is not looked at: that may be what the disk
   * cannot read.
   */
  private leadsTo(place: number, generation: number, entry: number): boolean {
    return this.records.generationOf(place) === generation && this.records.entryOf(place) === entry
  }

  /** The same object has another record (another head, or it was copied). False when it has left. */
  move(entry: number, generation: number, place: number, to: number): boolean {
    const lock = this.memory.lockOf(Math.floor(entry / BUCKET_ENTRIES))
    if (!this.memory.locks.lock(lock, OWNER_PATIENCE_MS)) return false
    const at = entry * ENTRY_WORDS
    const live = Atomics.load(this.words, at + GENERATION) === generation
    if (live) {
      Atomics.store(this.words, at + GENERATION, 0)
      Atomics.store(this.words, at + PLACE, place | 0)
      Atomics.store(this.words, at + GENERATION, to)
    }
    this.memory.locks.unlock(lock)
    return live
  }

  /**
   * Takes an object out, under whatever generation it is by now; returns its place, or 0 when it has left. Under the lock, because
   * it may just be moved: a purge must not miss it.
   */
  remove(entry: number, generation: number, origin: number): number {
    const lock = this.memory.lockOf(Math.floor(entry / BUCKET_ENTRIES))
    if (!this.memory.locks.lock(lock, REMOVAL_PATIENCE_MS)) return 0
    const now = this.generationOf(entry)
    const place = this.placeOf(entry)
    const same = now !== 0 && (now === generation || this.records.originOf(place) === origin)
    if (same) Atomics.store(this.words, entry * ENTRY_WORDS + GENERATION, 0)
    this.memory.locks.unlock(lock)
    return same ? place : 0
  }

  /** The same for whatever has that hash. Its place, 0 when there is nothing. */
  removeHash(hi: number, lo: number): number {
    const bucket = this.bucket(lo)
    const lock = this.memory.lockOf(bucket)
    if (!this.memory.locks.lock(lock, REMOVAL_PATIENCE_MS)) return 0
    const entry = this.find(hi, lo)
    const removed = entry !== NO_ENTRY && this.removeUnlocked(entry, this.foundGeneration)
    this.memory.locks.unlock(lock)
    return removed ? this.foundPlace : 0
  }

  /** For the manager, which takes no locks, of an object that still fills; and of one that is broken. Nobody moves these. */
  removeUnlocked(entry: number, generation: number): boolean {
    return Atomics.compareExchange(this.words, entry * ENTRY_WORDS + GENERATION, generation, 0) === generation
  }

  /** Whatever the entry says of this place is not true. */
  forget(entry: number, place: number): boolean {
    const generation = this.generationOf(entry)
    return generation !== 0 && this.placeOf(entry) === place && this.removeUnlocked(entry, generation)
  }

  private choose(bucket: number, hi: number, lo: number): number {
    const first = bucket * BUCKET_ENTRIES
    let free = NO_ENTRY
    let least = first
    for (let entry = first; entry < first + BUCKET_ENTRIES; entry++) {
      const generation = this.generationOf(entry)
      if (generation === 0) free = entry
      else if (this.tagged(entry, hi) && this.records.isHead(this.placeOf(entry), generation, hi, lo)) return entry
      else if (this.frequency(entry) < this.frequency(least)) least = entry
    }
    return free === NO_ENTRY ? least : free
  }

  private tagged(entry: number, hi: number): boolean {
    return ((this.words[entry * ENTRY_WORDS + TAG] ^ hi) & TAG_MASK) === 0
  }

  private bucket(lo: number): number {
    return Math.floor(((lo >>> 0) / 2 ** 32) * this.buckets)
  }
}
