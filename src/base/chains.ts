/** In at most one table of its kind at a time. */
export interface Chained<T> {
  /** 32 bits that are the same for as long as it is in the table; others may have the same. */
  readonly chain_key: number
  /** The next of its bucket: the table's. */
  chained: T | undefined
}

const BUCKETS_MIN = 64

/**
 * A hash table for what comes and goes with each fetch. A Map would do, were it not for the collector: one that shrinks and grows
 * leaves tables behind that lead to those which took their places, and once the first of them is old, all that was in any of them
 * is carried to the old generation, too (bench/RESULTS.md). Here nothing leads from what has left to what is there.
 */
export class Chains<T extends Chained<T>> {
  size = 0
  private buckets: (T | undefined)[] = Array.from({ length: BUCKETS_MIN }, nothing)

  /** The first with this key; `after` leads to the others. */
  first(key: number): T | undefined {
    return matching(this.buckets[key & (this.buckets.length - 1)], key)
  }

  after(item: T): T | undefined {
    return matching(item.chained, item.chain_key)
  }

  add(item: T): void {
    if (this.size === this.buckets.length) this.grow()
    this.size++
    this.link(item)
  }

  /** False when it is not in the table. */
  remove(item: T): boolean {
    const bucket = item.chain_key & (this.buckets.length - 1)
    let before: T | undefined
    for (let at = this.buckets[bucket]; at !== item; at = at.chained) {
      if (at === undefined) return false
      before = at
    }
    if (before === undefined) this.buckets[bucket] = item.chained
    else before.chained = item.chained
    item.chained = undefined
    this.size--
    return true
  }

  private link(item: T): void {
    const bucket = item.chain_key & (this.buckets.length - 1)
    item.chained = this.buckets[bucket]
    this.buckets[bucket] = item
  }

  private grow(): void {
    const old = this.buckets
    this.buckets = Array.from({ length: old.length * 2 }, nothing)
    for (let item of old) {
      while (item !== undefined) {
        const next: T | undefined = item.chained
        this.link(item)
        item = next
      }
    }
  }
}

function matching<T extends Chained<T>>(from: T | undefined, key: number): T | undefined {
  let item = from
  while (item !== undefined && item.chain_key !== key) item = item.chained
  return item
}

function nothing(): undefined {
  return undefined
}
