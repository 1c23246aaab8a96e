import type { SoftPurge } from '../contract.ts'
import type { Postings } from '../purges/postings.ts'
import type { IndexTable } from './index-table.ts'
import { type ArenaMemory, TALLY } from './memory.ts'
import { hashTagsOf } from './tags.ts'

/** How long a purge keeps its own worker from serving: what it has not looked at by then is looked at in slices of the same length. */
const SLICE_MS = 1
/** Who purges few objects hears exactly how many they were: at so many (0.6 ms) a purge looks even when its slice is over, */
const SURE = 1024
/** but for no longer than this: the first purges of a worker run through code that is not compiled yet, and take twenty times as long. */
const SURE_MS = 4
/** Between two looks at the clock. */
const STRIDE = 64

/** What is left to be taken out of a tag's chain, which nobody else sees. */
interface Rest {
  posting: number
  /** How many, about. */
  left: number
  readonly hi: number
  readonly lo: number
}

/** What purging needs of its store. */
export interface PurgeHost {
  readonly index: IndexTable
  /** May the object in that entry be touched without a wait for the disk? */
  isWarm(entry: number): boolean
  /** Out of the index: whatever lay there. */
  takeOut(entry: number, generation: number): boolean
  /** Calls back after what is waiting to be done, again and again until it says false. */
  later(more: () => boolean): void
}

/**
 * Purges by tag. That an object is purged is said by the table of purges, in a few words and at once; what is done here is to count
 * whom a purge meets, and to give their room back, which may take its time.
 */
export class Purger {
  private readonly memory: ArenaMemory
  private readonly postings: Postings
  private readonly host: PurgeHost
  private readonly rests: Rest[] = []
  /** Of the purge, or of the slice, that is going on. */
  private sure = 0
  /** Entries of objects that it has counted and left where they are: they may have another of its tags. */
  private readonly counted = new Set<number>()
  /** Postings that there was no time to look at. */
  private unseen = 0
  private until_ms = 0
  private surely_until_ms = 0

  constructor(memory: ArenaMemory, postings: Postings, host: PurgeHost) {
    this.memory = memory
    this.postings = postings
    this.host = host
  }

  note(serial: number, tags: readonly string[], soft: SoftPurge | undefined): void {
    const { memory } = this
    const pairs = hashTagsOf(memory, tags)
    for (let i = 0; i < pairs.length; i += 2) {
      if (memory.purges.note(pairs[i], pairs[i + 1], serial, soft)) memory.tally[TALLY.forgotten]++
    }
  }

  /**
   * How many objects have one of the tags; those purged for good are taken out, and count when it was this purge that did it. What there was no
   * time to look at counts as it is: others' postings may be among them, and what has left, but no more than there are objects.
   */
  meet(tags: readonly string[], soft: boolean): number {
    const pairs = hashTagsOf(this.memory, tags)
    const objects = this.memory.total(TALLY.objects)
    this.begin(SURE)
    this.unseen = 0
    this.counted.clear()
    let met = 0
    for (let i = 0; i < pairs.length; i += 2) met += soft ? this.count(pairs[i], pairs[i + 1]) : this.takeOut(pairs[i], pairs[i + 1])
    return met + Math.max(0, Math.min(this.unseen, objects - met))
  }

  private begin(sure: number): void {
    this.sure = sure
    const now_ms = performance.now()
    this.until_ms = now_ms + SLICE_MS
    this.surely_until_ms = now_ms + SURE_MS
  }

  /** Is the time up, that all tags of a purge have together? After so many postings of one of them. */
  private isOver(seen: number): boolean {
    if (this.sure > 0) this.sure--
    // So few are looked at whatever the clock says: the thread may have been suspended.
    if (this.sure > SURE - STRIDE) return false
    return seen % STRIDE === 0 && performance.now() > (this.sure > 0 ? this.surely_until_ms : this.until_ms)
  }

  private count(hi: number, lo: number): number {
    const { postings } = this
    if (this.isOver(0)) {
      this.unseen += postings.lengthOf(lo)
      return 0
    }
    const first = postings.steal(lo)
    const length = postings.stolen
    let [met, seen, posting] = [0, 0, first]
    for (; posting !== 0; posting = postings.next(posting)) {
      if (this.isOver(++seen)) break
      if (postings.tagOf(posting) === hi && this.isThere(posting) && this.isFirst(posting)) met++
    }
    postings.reattach(lo, first, length)
    if (posting !== 0) this.unseen += Math.max(0, length - seen)
    return met
  }

  private takeOut(hi: number, lo: number): number {
    return this.takeFrom(this.postings.steal(lo), hi, lo) + this.takeFrom(this.postings.stealRest(lo), hi, lo)
  }

  private takeFrom(posting: number, hi: number, lo: number): number {
    const rest: Rest = { posting, hi, lo, left: this.postings.stolen }
    const taken = this.slice(rest, true)
    if (rest.posting === 0) return taken
    this.unseen += Math.max(0, rest.left)
    this.rests.push(rest)
    if (this.rests.length === 1) this.host.later(this.more)
    return taken
  }

  private readonly more = (): boolean => {
    this.begin(0)
    for (let [rest] = this.rests; rest !== undefined; [rest] = this.rests) {
      this.slice(rest, false)
      if (rest.posting !== 0) return true
      this.rests.shift()
    }
    return false
  }

  private slice(rest: Rest, counts: boolean): number {
    const { postings } = this
    let taken = 0
    for (let seen = 0; rest.posting !== 0 && !this.isOver(seen); seen++) {
      const { posting, hi, lo } = rest
      rest.posting = postings.next(posting)
      rest.left--
      if (postings.tagOf(posting) === hi) taken += this.take(posting, counts)
      else postings.restore(lo, posting)
    }
    return taken
  }

  /** What lies on a disk stays until it is asked for, or evicted. What another worker takes out under our eyes is not ours to count. */
  private take(posting: number, counts: boolean): number {
    const { postings, host } = this
    const entry = postings.entryOf(posting)
    const there = this.isThere(posting)
    const cold = there && !host.isWarm(entry)
    const taken = there && !cold && host.takeOut(entry, postings.generationOf(posting))
    if (taken) this.memory.tally[TALLY.purged]++
    const met = taken || (counts && cold && this.isFirst(posting))
    postings.drop(posting)
    return met ? 1 : 0
  }

  /** Has this purge not counted it by another tag? */
  private isFirst(posting: number): boolean {
    const { counted } = this
    const { size } = counted
    return counted.add(this.postings.entryOf(posting)).size > size
  }

  private isThere(posting: number): boolean {
    return this.host.index.isLive(this.postings.entryOf(posting), this.postings.generationOf(posting))
  }
}

/** For who has nothing else to do. */
export function atOnce(more: () => boolean): void {
  while (more());
}
