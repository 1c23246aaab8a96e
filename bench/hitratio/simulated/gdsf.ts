import type { Cache, MakeCache } from './cache.ts'

/** Greedy-Dual-Size-Frequency: evicts the least of age + frequency / size. Its heap does not fit an arena; it shows what sizes are worth. */
export const gdsf: MakeCache = ({ sizes }, capacity_bytes) => new Gdsf(sizes, capacity_bytes)

class Gdsf implements Cache {
  private readonly sizes: Float64Array
  private readonly capacity_bytes: number
  private readonly freq: Uint32Array
  private readonly priority: Float64Array
  /** A binary heap of keys by the priority they had when they were put in; a hit only raises `priority`. */
  private readonly keys: number[] = []
  private readonly ranks: number[] = []
  private used_bytes = 0
  private age = 0

  constructor(sizes: Float64Array, capacity_bytes: number) {
    this.sizes = sizes
    this.capacity_bytes = capacity_bytes
    this.freq = new Uint32Array(sizes.length)
    this.priority = new Float64Array(sizes.length)
  }

  request(key: number, size_bytes: number): boolean {
    if (this.freq[key] > 0) {
      this.count(key)
      return true
    }
    if (size_bytes > this.capacity_bytes) return false
    while (this.used_bytes + size_bytes > this.capacity_bytes) this.evict()
    this.count(key)
    this.used_bytes += size_bytes
    this.put(key, this.priority[key])
    return false
  }

  private count(key: number): void {
    this.freq[key]++
    this.priority[key] = this.age + this.freq[key] / this.sizes[key]
  }

  private evict(): void {
    const rank = this.ranks[0]
    const key = this.takeLeast()
    if (this.priority[key] > rank) return this.put(key, this.priority[key])
    this.age = rank
    this.freq[key] = 0
    this.used_bytes -= this.sizes[key]
  }

  private put(key: number, rank: number): void {
    const { keys, ranks } = this
    let at = keys.length
    for (let above = (at - 1) >> 1; at > 0 && ranks[above] > rank; above = (at - 1) >> 1) {
      this.set(at, keys[above], ranks[above])
      at = above
    }
    this.set(at, key, rank)
  }

  private takeLeast(): number {
    const { keys, ranks } = this
    const least = keys[0]
    const key = keys.pop() as number
    const rank = ranks.pop() as number
    const count = keys.length
    let at = 0
    for (let below = 1; below < count; below = 2 * at + 1) {
      if (below + 1 < count && ranks[below + 1] < ranks[below]) below++
      if (ranks[below] >= rank) break
      this.set(at, keys[below], ranks[below])
      at = below
    }
    if (count > 0) this.set(at, key, rank)
    return least
  }

  private set(at: number, key: number, rank: number): void {
    this.keys[at] = key
    this.ranks[at] = rank
  }
}
