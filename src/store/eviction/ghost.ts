/**
 * The ghost: ids of objects that left the small ring lately, so that one which is asked for again goes to the main ring. It
 * remembers ids worth a window of bytes, in fixed memory that workers share: one 32-bit word an id, so that no access tears. Races
 * only lose or repeat an id, and the ghost is advice.
 *
 *   word 0            clock: bytes that went by, in units of window / 256, modulo 2^32
 *   words 16 ..       buckets of 4 entries: tag (16 bits, never 0) and the clock's low 16 bits when the id was added
 *
 * A lookup compares 4 tags: a stranger is taken for a known id once in 16,000 times at most.
 */

const HEADER_WORDS = 16
const WAYS = 4
const CLOCK = 0
/** The stamps go round after 256 windows. In a memory far too large a bucket may go without an addition, which clears, for dozens. */
const WINDOW_UNITS = 256
const STAMP_MASK = 0xffff

/** What is remembered is worth so much of the store's bytes: the main ring's share. */
export const GHOST_SHARE = 0.9

/**
 * Words of memory for so many ids. Buckets overflow before all of them are full: with room for twice what the window holds 4 % are
 * forgotten early, with just as many a fifth.
 */
export function ghostWords(ids: number): number {
  return HEADER_WORDS + WAYS * Math.max(1, Math.ceil(ids / WAYS))
}

export class Ghost {
  private readonly words: Uint32Array
  private readonly buckets: number
  private readonly unit_bytes: number
  /** What this worker has not yet told the clock: less than a unit. */
  private untold_bytes = 0

  /** `words` is zeroed memory of `ghostWords` words; `window_bytes` is how much may go by before an id is forgotten. */
  constructor(words: Uint32Array, window_bytes: number) {
    this.words = words
    this.buckets = Math.floor((words.length - HEADER_WORDS) / WAYS)
    this.unit_bytes = Math.max(1, window_bytes / WINDOW_UNITS)
  }

  /** An object has left. `hash` chooses the bucket, `check` is the tag: independent 32-bit hashes of its key. */
  add(hash: number, check: number, size_bytes: number): void {
    const now = this.advance(size_bytes)
    const first = this.bucketOf(hash)
    let at = first
    let oldest = -1
    for (let i = first; i < first + WAYS; i++) {
      const word = this.words[i]
      const age = word === 0 ? Infinity : (now - word) & STAMP_MASK
      // Cleared, lest it look new when the stamps have gone round.
      if (word !== 0 && age > WINDOW_UNITS) this.words[i] = 0
      if (age <= oldest) continue
      oldest = age
      at = i
    }
    this.words[at] = (tagOf(check) << 16) | (now & STAMP_MASK)
  }

  has(hash: number, check: number): boolean {
    return this.find(hash, check) !== -1
  }

  /** `has`, and forgets it: the object comes back. */
  take(hash: number, check: number): boolean {
    const at = this.find(hash, check)
    if (at === -1) return false
    this.words[at] = 0
    return true
  }

  private find(hash: number, check: number): number {
    const now = this.words[CLOCK]
    const first = this.bucketOf(hash)
    const tag = tagOf(check)
    for (let i = first; i < first + WAYS; i++) {
      const word = this.words[i]
      if (word >>> 16 === tag && ((now - word) & STAMP_MASK) <= WINDOW_UNITS) return i
    }
    return -1
  }

  private advance(size_bytes: number): number {
    this.untold_bytes += size_bytes
    const units = Math.floor(this.untold_bytes / this.unit_bytes)
    if (units === 0) return this.words[CLOCK]
    this.untold_bytes -= units * this.unit_bytes
    return (Atomics.add(this.words, CLOCK, units) + units) >>> 0
  }

  private bucketOf(hash: number): number {
    // The high bits of the product: evenly spread for any number of buckets.
    return HEADER_WORDS + WAYS * Math.floor(((hash >>> 0) / 2 ** 32) * this.buckets)
  }
}

function tagOf(check: number): number {
  return check & 0xffff || 1
}
