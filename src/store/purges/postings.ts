import type { SharedLocks } from '../../shm/lock.ts'

// Words before the heads of chains.
/** Postings that were never used begin here. */
const FRESH = 0
/** The first of those that were given back. */
const FREE = 1
/** The chain that is looked through next for what has left. */
const HAND = 2
const FIXED = 16

// A posting: which tag (half of its hash; the chain says some of the other half), which object, what follows. 0 ends a chain.
const TAG = 0
const ENTRY = 1
const GENERATION = 2
const NEXT = 3
const WORDS = 4

/** Postings for each head of a chain. */
const PER_CHAIN = 4
/** However large the store. */
const POSTINGS_MAX = 2 ** 23
/** So many a worker takes and gives back at a time. */
const BATCH = 64
/** Postings that a new one pays for being looked at, once half of them are used; and how often it tries when there is none. */
const TIDIED = 8
const TRIES = 4

function chainsFor(postings: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(postings / PER_CHAIN)))
}

/** For a store whose index has so many entries. */
export function postingsMemory(entries: number): SharedArrayBuffer {
  const postings = Math.min(POSTINGS_MAX, entries)
  return new SharedArrayBuffer((FIXED + 2 * chainsFor(postings) + (postings + 1) * WORDS) * 4)
}

/**
 * Tags to objects: chains of postings in memory that all workers share, so that a purge can say what it met, and give its room back
 * at once. Nothing depends on it but that: what is missing here is found purged when it is asked for (PurgeTable).
 *
 * A posting is put in front of its chain by compare-and-exchange. Whoever wants to look through a chain takes all of it away, and
 * puts back what is to stay: what nobody else sees can be changed at will. A chain may be as long as a tag is popular, so nobody goes
 * through one at one go. An object that leaves the store leaves its postings behind; once half of all are used, each new one pays for a
 * look at a few.
 */
export class Postings {
  /** How long the chain was, about, that was stolen last. */
  stolen = 0
  private readonly words: Int32Array
  private readonly chains: number
  private readonly count: number
  private readonly at: number
  private readonly locks: SharedLocks
  private readonly lock: number
  /** Ours to use. */
  private readonly stash: number[] = []
  /** What is left to be looked through of a chain that was taken away for that. */
  private readonly rest = { chain: -1, first: 0, left: 0 }
  /** Is that object still there? */
  private readonly isThere: (entry: number, generation: number) => boolean

  constructor(
    memory: SharedArrayBuffer,
    entries: number,
    locks: SharedLocks,
    lock: number,
    isThere: (entry: number, generation: number) => boolean,
  ) {
    this.words = new Int32Array(memory)
    this.count = Math.min(POSTINGS_MAX, entries)
    this.chains = chainsFor(this.count)
    this.at = FIXED + 2 * this.chains
    this.locks = locks
    this.lock = lock
    this.isThere = isThere
  }

  /** False when there is no room: the object has to be met by being asked for. */
  add(hi: number, lo: number, entry: number, generation: number): boolean {
    if (Atomics.load(this.words, FRESH) > this.count / 2) this.tidy()
    const posting = this.take()
    if (posting === 0) return false
    const { words } = this
    const at = this.at + posting * WORDS
    words[at + TAG] = hi
    words[at + ENTRY] = entry
    words[at + GENERATION] = generation
    this.restore(lo, posting)
    return true
  }

  /** How long the tag's chain is, about; others' tags may be in it. */
  lengthOf(lo: number): number {
    return Math.max(0, Atomics.load(this.words, this.lengthAt(this.chainOf(lo))))
  }

  /** The tag's chain, which is the caller's now. */
  steal(lo: number): number {
    return this.stealChain(this.chainOf(lo))
  }

  /** The same of what this worker has taken from that chain to tidy it up, and not yet looked at. */
  stealRest(lo: number): number {
    const { rest } = this
    const { first, left } = rest
    this.stolen = 0
    if (rest.chain !== this.chainOf(lo)) return 0
    this.stolen = left
    rest.first = 0
    return first
  }

  tagOf(posting: number): number {
    return this.words[this.at + posting * WORDS + TAG]
  }

  entryOf(posting: number): number {
    return this.words[this.at + posting * WORDS + ENTRY]
  }

  generationOf(posting: number): number {
    return this.words[this.at + posting * WORDS + GENERATION]
  }

  next(posting: number): number {
    return this.words[this.at + posting * WORDS + NEXT]
  }

  /** One posting back into its tag's chain. */
  restore(lo: number, posting: number): void {
    this.putBack(this.chainOf(lo), posting)
  }

  /** All of a chain, as it was stolen a moment ago: in front of it comes what was added since. */
  reattach(lo: number, first: number, length: number): void {
    if (first === 0) return
    const { words } = this
    const chain = this.chainOf(lo)
    Atomics.add(words, this.lengthAt(chain), length)
    for (let front = first; ;) {
      const added = Atomics.exchange(words, FIXED + chain, 0)
      if (added !== 0) {
        words[this.at + this.lastOf(added) * WORDS + NEXT] = front
        front = added
      }
      if (Atomics.compareExchange(words, FIXED + chain, 0, front) === 0) return
    }
  }

  /** It is free to be used for another. */
  drop(posting: number): void {
    this.stash.push(posting)
    if (this.stash.length >= 4 * BATCH) this.share()
  }

  private stealChain(chain: number): number {
    this.stolen = Math.max(0, Atomics.exchange(this.words, this.lengthAt(chain), 0))
    return Atomics.exchange(this.words, FIXED + chain, 0)
  }

  /** Looks at a few postings for what has left the store: one chain after the other, each to its end. */
  private tidy(): void {
    const { rest } = this
    if (rest.first === 0) {
      rest.chain = Atomics.add(this.words, HAND, 1) & (this.chains - 1)
      rest.first = this.stealChain(rest.chain)
      rest.left = this.stolen
    }
    for (let n = 0; n < TIDIED && rest.first !== 0; n++) {
      const posting = rest.first
      rest.first = this.next(posting)
      rest.left--
      if (this.isThere(this.entryOf(posting), this.generationOf(posting))) this.putBack(rest.chain, posting)
      else this.drop(posting)
    }
  }

  private putBack(chain: number, posting: number): void {
    const { words } = this
    Atomics.add(words, this.lengthAt(chain), 1)
    for (;;) {
      const head = Atomics.load(words, FIXED + chain)
      words[this.at + posting * WORDS + NEXT] = head
      if (Atomics.compareExchange(words, FIXED + chain, head, posting) === head) return
    }
  }

  private lastOf(first: number): number {
    let last = first
    for (let posting = first; posting !== 0; posting = this.next(posting)) last = posting
    return last
  }

  private chainOf(lo: number): number {
    return lo & (this.chains - 1)
  }

  private lengthAt(chain: number): number {
    return FIXED + this.chains + chain
  }

  private take(): number {
    for (let tries = 0; tries < TRIES; tries++) {
      const posting = this.stash.pop() ?? this.takeFresh() ?? this.takeFreed()
      if (posting !== undefined) return posting
      this.tidy()
    }
    return 0
  }

  private takeFresh(): number | undefined {
    if (Atomics.load(this.words, FRESH) >= this.count) return undefined
    const first = Atomics.add(this.words, FRESH, BATCH)
    for (let posting = Math.min(this.count, first + BATCH); posting > first; posting--) this.stash.push(posting)
    return this.stash.pop()
  }

  private takeFreed(): number | undefined {
    if (Atomics.load(this.words, FREE) === 0 || !this.locks.tryLock(this.lock)) return undefined
    for (let n = 0; n < BATCH; n++) {
      const posting = Atomics.load(this.words, FREE)
      if (posting === 0) break
      Atomics.store(this.words, FREE, this.next(posting))
      this.stash.push(posting)
    }
    this.locks.unlock(this.lock)
    return this.stash.pop()
  }

  /** What we have too many of, other workers may use. */
  private share(): void {
    if (!this.locks.tryLock(this.lock)) return
    for (let n = 0; n < 2 * BATCH; n++) {
      const posting = this.stash.pop()
      if (posting === undefined) break
      this.words[this.at + posting * WORDS + NEXT] = Atomics.load(this.words, FREE)
      Atomics.store(this.words, FREE, posting)
    }
    this.locks.unlock(this.lock)
  }
}
