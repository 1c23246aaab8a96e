import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import type { FileMapping } from './mapping.ts'
import type { Outcome } from './native.ts'

/**
 * Which parts of a mapped file are in memory, as far as this process has seen: touching what is not stops the thread for as
 * long as the disk takes. The kernel knows, but asking it costs 1 us and more (mincore), so what it said is written down, for
 * all threads, and believed for a while (docs/decisions/0014-mapped-files.md).
 *
 * The memory: a word for each granule, the second in which it was last known to be in memory, 0 for never; before them how
 * long that is believed. All words are hints, stored and loaded without order: a wrong one costs a system call or, at worst, a
 * page fault, and never a wrong byte.
 */

/** Small, so that a cold object of 1 KiB does not bring 60 others into memory with it. */
const GRANULE_BYTES = 16 * 1024

const TRUST_S = 0
/** The second in which the trust was last looked at, and how many major page faults the process had had then. */
const TICK_S = 1
const FAULTS = 3
/** Wall clock at creation. Seconds count from EPOCH there, so that a stamp of 0 is too old for any trust. */
const BASE_S = 2
const HEADER_WORDS = 4
const EPOCH_S = 1000

const TRUST_FIRST_S = 10
const TRUST_MAX_S = 60
const TRUST_MIN_S = 1

/** Manager, once for a mapping. 1/4096 of its size, and only where it is used. */
export function createResidencyMemory(size_bytes: number, clock: Clock, faults = majorFaults): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((HEADER_WORDS + Math.ceil(size_bytes / GRANULE_BYTES)) * 4)
  const words = new Uint32Array(memory)
  clock.refresh()
  words[TRUST_S] = TRUST_FIRST_S
  words[TICK_S] = EPOCH_S
  words[FAULTS] = faults()
  words[BASE_S] = Math.floor(clock.wall_ms / 1000)
  return memory
}

/** Of the process: threads that stood still until the disk had read a page. */
function majorFaults(): number {
  return process.resourceUsage().majorPageFault
}

interface Reading {
  readonly end: number
  readonly done: Promise<Outcome>
}

/** What of a FileMapping it needs. */
export type Mapping = Pick<FileMapping, 'readCold' | 'residentPages' | 'page_bytes'> & { readonly place: { readonly size_bytes: number } }

/** One in each thread. */
export class Residency {
  private readonly mapping: Mapping
  private readonly clock: Clock
  private readonly words: Uint32Array
  private readonly faults: () => number
  private readonly granule_bytes: number
  private readonly offset_s: number
  /** By where they begin: many clients may want the same cold object at once. */
  private readonly readings = new Map<number, Reading>()

  constructor(mapping: Mapping, memory: SharedArrayBuffer, clock: Clock, faults = majorFaults) {
    this.mapping = mapping
    this.faults = faults
    this.clock = clock
    this.words = new Uint32Array(memory)
    this.granule_bytes = Math.max(GRANULE_BYTES, mapping.page_bytes)
    this.offset_s = EPOCH_S - this.words[BASE_S]
  }

  /**
   * Whether the range may be touched without waiting for the disk. For hits: no object, no system call while what is known
   * is not older than the trust; else one mincore. Ask for as much as is touched next, an extent at most.
   */
  isWarm(offset: number, length: number): boolean {
    const { words } = this
    if (length === 0) return true
    const now_s = this.now()
    if (now_s > words[TICK_S]) this.tick(now_s)
    const trust_s = words[TRUST_S]
    const last = this.granuleOf(offset + length - 1)
    for (let granule = this.granuleOf(offset); granule <= last; granule++) {
      const age_s = now_s - words[HEADER_WORDS + granule]
      // Threads may differ by a second, and a stamp from the future says nothing.
      if (age_s >= trust_s || age_s < -1) return this.ask(granule, last, now_s, age_s) || this.isResident(offset, length)
    }
    return true
  }

  /**
   * Reads the range into memory: 0, or the disk's error. After it the range is warm unless memory is very short: touch it
   * then, and do not warm it a second time.
   */
  warm(offset: number, length: number): Promise<Outcome> {
    assert(length > 0, 'there is something to read')
    const first = this.granuleOf(offset)
    const last = this.granuleOf(offset + length - 1)
    const end = this.endOf(last)
    const start = first * this.granule_bytes
    const underway = this.readings.get(start)
    if (underway && underway.end >= end) return underway.done
    const done = this.read(start, end, first, last)
    this.readings.set(start, { end, done })
    return done
  }

  /** The range has just been written through the mapping, so it is in memory. */
  written(offset: number, length: number): void {
    // The granules at the ends may have other pages.
    const first = Math.ceil(offset / this.granule_bytes)
    this.stamp(first, this.granuleOf(offset + length) - 1, this.now())
  }

  private async read(start: number, end: number, first: number, last: number): Promise<Outcome> {
    const outcome = await this.mapping.readCold(start, end - start)
    if (outcome === 0) this.stamp(first, last, this.now())
    if (this.readings.get(start)?.end === end) this.readings.delete(start)
    return outcome
  }

  private ask(first: number, last: number, now_s: number, age_s: number): boolean {
    const start = first * this.granule_bytes
    const length = this.endOf(last) - start
    const resident = this.mapping.residentPages(start, length) * this.mapping.page_bytes >= length
    if (resident) this.stamp(first, last, now_s)
    else this.learnLost(age_s)
    return resident
  }

  /** Of the segment that is being filled, a granule may have pages that nobody has written yet. They must not count. */
  private isResident(offset: number, length: number): boolean {
    const { page_bytes } = this.mapping
    const pages = Math.floor((offset + length - 1) / page_bytes) - Math.floor(offset / page_bytes) + 1
    return this.mapping.residentPages(offset, length) >= pages
  }

  /**
   * Once a second, whichever thread comes first: a page fault that waited for the disk is what trust should have prevented.
   * It may have been another's (the program's own code, swap), but then memory is short, too.
   */
  private tick(now_s: number): void {
    const { words } = this
    words[TICK_S] = now_s
    const faults = this.faults() >>> 0
    const trust_s = words[TRUST_S]
    words[TRUST_S] = faults === words[FAULTS] ? Math.min(TRUST_MAX_S, trust_s + 1) : Math.max(TRUST_MIN_S, trust_s >> 1)
    words[FAULTS] = faults
  }

  /** Pages that left soon after they were seen, before anybody missed them: trust less. */
  private learnLost(age_s: number): void {
    const trust_s = this.words[TRUST_S]
    if (age_s < 2 * trust_s) this.words[TRUST_S] = Math.max(TRUST_MIN_S, trust_s >> 1)
  }

  private stamp(first: number, last: number, now_s: number): void {
    for (let granule = first; granule <= last; granule++) this.words[HEADER_WORDS + granule] = now_s
  }

  private now(): number {
    return Math.floor(this.clock.wall_ms / 1000) + this.offset_s
  }

  private granuleOf(offset: number): number {
    assert(offset >= 0 && offset <= this.mapping.place.size_bytes, 'a range lies in its mapping')
    return Math.floor(offset / this.granule_bytes)
  }

  private endOf(granule: number): number {
    return Math.min(this.mapping.place.size_bytes, (granule + 1) * this.granule_bytes)
  }
}
