import { isNewer } from '../../shm/serial.ts'
import type { SoftPurge } from '../contract.ts'

// An entry: eight words. HARD and SOFT are the serials of the purges that named the tag last, 0 for none.
const HI = 0
const LO = 1
const HARD = 2
const SOFT = 3
/** A double: when what was softly purged goes stale at the latest. */
const STALE = 2
/** Singles: what its grace and keep are at most. */
const GRACE = 6
const KEEP = 7
export const PURGE_ENTRY_BYTES = 32
const WORDS = PURGE_ENTRY_BYTES / 4
/** Entries of a bucket: a tag is in one of these or nowhere. */
export const PURGE_BUCKET_ENTRIES = 16

/** What purges have left of an object. */
export const VERDICT = { stands: 0, softened: 1, purged: 2 } as const
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT]

/**
 * The tags that were purged, each with the serial of its last purge. An object is purged when one of its tags is here under a serial
 * newer than the one up to which it has been checked: so a purge is one entry, whatever it reaches, and reaches fetches under way.
 *
 * Purges come one at a time (`Serials.take`), lookups take no lock. An entry is written before its serial is the newest, and what a lookup
 * has found holds up to the serial that was the newest before it looked: half-written entries are looked at again.
 *
 * A full bucket forgets its oldest entry, and the floor (the first entry) takes over what that said, for everybody who has not been
 * checked since: an object may be fetched once more than it had to be, but never come back.
 */
export class PurgeTable {
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly singles: Float32Array
  private readonly buckets: number
  /** After `softened`: what holds at most. */
  stale_ms = Infinity
  grace_ms = Infinity
  keep_ms = Infinity

  /** A whole number of buckets in zeroed memory, of which the first has the floor. */
  constructor(memory: ArrayBufferLike, offset: number, bytes: number) {
    this.words = new Int32Array(memory, offset, bytes / 4)
    this.doubles = new Float64Array(memory, offset, bytes / 8)
    this.singles = new Float32Array(memory, offset, bytes / 4)
    this.buckets = bytes / PURGE_ENTRY_BYTES / PURGE_BUCKET_ENTRIES - 1
  }

  /** The purge with that serial names this tag. True when an older one had to be forgotten for it. */
  note(hi: number, lo: number, serial: number, soft: SoftPurge | undefined): boolean {
    const known = this.find(hi, lo)
    const at = known >= 0 ? known : this.oldest(lo)
    const forgets = known < 0 && this.lastOf(at) !== 0
    if (forgets) this.forget(at)
    this.words[at + HI] = hi
    this.words[at + LO] = lo
    // 0 is none's.
    this.write(at, serial === 0 ? 1 : serial, soft)
    return forgets
  }

  /** What purges newer than `since` leave of an object with these tags: pairs of words in `words`, the first its key's. */
  judge(words: Int32Array, from: number, pairs: number, since: number): Verdict {
    this.stale_ms = this.grace_ms = this.keep_ms = Infinity
    let verdict: Verdict = VERDICT.stands
    for (let i = from; i < from + 2 * pairs; i += 2) {
      const at = this.find(words[i], words[i + 1])
      if (at < 0) continue
      if (this.isPurged(at, since)) return VERDICT.purged
      if (this.isSoftened(at, since)) verdict = this.soften(at)
    }
    // After the tags: what is being forgotten has been added to the floor before. Who has no tag but its key was purged by none.
    if (pairs > 1 && this.isPurged(0, since)) return VERDICT.purged
    return pairs > 0 && this.isSoftened(0, since) ? this.soften(0) : verdict
  }

  private isPurged(at: number, since: number): boolean {
    return this.words[at + HARD] !== 0 && isNewer(this.words[at + HARD], since)
  }

  private isSoftened(at: number, since: number): boolean {
    return this.words[at + SOFT] !== 0 && isNewer(this.words[at + SOFT], since)
  }

  private soften(at: number): Verdict {
    this.stale_ms = Math.min(this.stale_ms, this.doubles[at / 2 + STALE])
    this.grace_ms = Math.min(this.grace_ms, this.singles[at + GRACE])
    this.keep_ms = Math.min(this.keep_ms, this.singles[at + KEEP])
    return VERDICT.softened
  }

  /** The numbers last: what they stand for is there. */
  private write(at: number, serial: number, soft: SoftPurge | undefined): void {
    const { words } = this
    if (soft === undefined) {
      words[at + HARD] = serial
      words[at + SOFT] = 0
      return
    }
    this.merge(at, words[at + SOFT] !== 0, soft.stale_ms, soft.grace_ms, soft.keep_ms)
    words[at + SOFT] = serial
  }

  /** Of two soft purges the stricter holds, for what lies between them, too. */
  private merge(at: number, known: boolean, stale_ms: number, grace_ms: number, keep_ms: number): void {
    const { doubles, singles } = this
    doubles[at / 2 + STALE] = known ? Math.min(doubles[at / 2 + STALE], stale_ms) : stale_ms
    singles[at + GRACE] = known ? Math.min(singles[at + GRACE], grace_ms) : grace_ms
    singles[at + KEEP] = known ? Math.min(singles[at + KEEP], keep_ms) : keep_ms
  }

  private forget(at: number): void {
    const { words } = this
    if (words[at + SOFT] !== 0) {
      this.merge(0, words[SOFT] !== 0, this.doubles[at / 2 + STALE], this.singles[at + GRACE], this.singles[at + KEEP])
      words[SOFT] = later(words[at + SOFT], words[SOFT])
    }
    words[HARD] = later(words[at + HARD], words[HARD])
    words[at + HARD] = 0
    words[at + SOFT] = 0
  }

  /** Where the tag is, or -1. */
  private find(hi: number, lo: number): number {
    const { words } = this
    const first = this.bucketOf(lo)
    const end = first + PURGE_BUCKET_ENTRIES * WORDS
    for (let at = first; at < end; at += WORDS) if (words[at + LO] === lo && words[at + HI] === hi) return at
    return -1
  }

  /** Of the tag's bucket: a free entry, else the one that was purged the longest ago. */
  private oldest(lo: number): number {
    const first = this.bucketOf(lo)
    let oldest = first
    for (let at = first; at < first + PURGE_BUCKET_ENTRIES * WORDS; at += WORDS) {
      if (this.lastOf(at) === 0) return at
      if (isNewer(this.lastOf(oldest), this.lastOf(at))) oldest = at
    }
    return oldest
  }

  private lastOf(at: number): number {
    return later(this.words[at + HARD], this.words[at + SOFT])
  }

  private bucketOf(lo: number): number {
    return (1 + Math.floor(((lo >>> 0) / 2 ** 32) * this.buckets)) * PURGE_BUCKET_ENTRIES * WORDS
  }
}

function later(a: number, b: number): number {
  if (a === 0 || b === 0) return a === 0 ? b : a
  return isNewer(a, b) ? a : b
}
