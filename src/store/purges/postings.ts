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

function chainsFor(postings: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(postings / PER_CHAIN)))
}

/** For a store whose index has so many entries. */
export function postingsMemory(entries: number): SharedArrayBuffer {
  const postings = Math.min(POSTINGS_MAX, entries)
  return new SharedArrayBuffer((FIXED + chainsFor(postings) + (postings + 1) * WORDS) * 4)
}

/**
 * Tags to objects: chains of postings in memory that all workers share, so that a purge can say what it met, and give its room back
 * at once. Nothing depends on it but that: what is missing here is found purged when it is asked for (PurgeTable).
 *
 * A posting is put in front of its chain by compare-and-exchange. Whoever wants to look through a chain takes all of it away, and
 * puts back what is to stay: what nobody else sees can be changed at will. An object that leaves the store leaves its
 * postings behind; when half of them are used, each new one pays for a look through another chain.
 */
export class Postings {
  private readonly words: Int32Array
  private readonly chains: number
  private readonly count: number
  private readonly at: number
  private readonly locks: SharedLocks
  private readonly lock: number
  /** Ours to use. */
  private readonly stash: number[] = []
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
    this.at = FIXED + this.chains
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
    this.putBack(this.chainOf(lo), posting, posting)
    return true
  }

  /** The tag's chain, which is the caller's now. */
  steal(lo: number): number {
    return Atomics.exchange(this.words, FIXED + this.chainOf(lo), 0)
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
    this.putBack(this.chainOf(lo), posting, posting)
  }

  /** It is free to be used for another. */
  drop(posting: number): void {
    this.stash.push(posting)
    if (this.stash.length >= 4 * BATCH) this.share()
  }

  /** Looks through one chain for what has left the store. */
  private tidy(): void {
    const chain = Atomics.add(this.words, HAND, 1) & (this.chains - 1)
    let posting = Atomics.exchange(this.words, FIXED + chain, 0)
    while (posting !== 0) {
      const next = this.next(posting)
      if (this.isThere(this.entryOf(posting), this.generationOf(posting))) this.putBack(chain, posting, posting)
      else this.drop(posting)
      posting = next
    }
  }

  private putBack(chain: number, first: number, last: number): void {
    const { words } = this
    for (;;) {
      const head = Atomics.load(words, FIXED + chain)
      words[this.at + last * WORDS + NEXT] = head
      if (Atomics.compareExchange(words, FIXED + chain, head, first) === head) return
    }
  }

  private chainOf(lo: number): number {
    return lo & (this.chains - 1)
  }

  private take(): number {
    return this.stash.pop() ?? this.takeFresh() ?? this.takeFreed() ?? 0
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
