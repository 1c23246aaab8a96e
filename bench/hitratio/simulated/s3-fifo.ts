import type { Cache, MakeCache } from './cache.ts'
import { Links, Queue } from './queue.ts'

export const s3fifo: MakeCache = ({ sizes }, capacity_bytes) => new S3Fifo(sizes, capacity_bytes)

const SMALL_SHARE = 0.1
const FREQ_MAX = 3

/**
 * S3-FIFO (SOSP 2023), object by object: small ring of 10 % of the bytes, main ring, ghost with ids worth 90 % of the bytes,
 * two bits of frequency. An object larger than the small ring goes to the main ring.
 */
class S3Fifo implements Cache {
  /** Bytes of objects that were put into the main ring again, or moved there. */
  rewritten_bytes = 0
  private readonly sizes: Float64Array
  private readonly capacity_bytes: number
  private readonly small_share_bytes: number
  private readonly main_share_bytes: number
  private readonly small: Queue
  private readonly main: Queue
  private readonly ghost: Queue
  private readonly freq: Uint8Array

  constructor(sizes: Float64Array, capacity_bytes: number) {
    const links = new Links(sizes.length)
    this.sizes = sizes
    this.capacity_bytes = capacity_bytes
    this.small_share_bytes = capacity_bytes * SMALL_SHARE
    this.main_share_bytes = capacity_bytes - this.small_share_bytes
    this.small = new Queue(1, links, sizes)
    this.main = new Queue(2, links, sizes)
    this.ghost = new Queue(3, links, sizes)
    this.freq = new Uint8Array(sizes.length)
  }

  request(key: number, size_bytes: number): boolean {
    if (this.small.has(key) || this.main.has(key)) {
      this.freq[key] = Math.min(this.freq[key] + 1, FREQ_MAX)
      return true
    }
    if (size_bytes > this.capacity_bytes) return false
    const remembered = this.ghost.has(key)
    if (remembered) this.ghost.remove(key)
    while (this.small.bytes + this.main.bytes + size_bytes > this.capacity_bytes) this.evict()
    this.freq[key] = 0
    if (remembered || size_bytes > this.small_share_bytes) this.main.push(key)
    else this.small.push(key)
    return false
  }

  private evict(): void {
    if (this.main.bytes > this.main_share_bytes || this.small.oldest === -1) this.evictMain()
    else this.evictSmall()
  }

  private evictSmall(): void {
    const key = this.small.shift()
    if (this.freq[key] >= 2) return this.keep(key, 0)
    this.ghost.push(key)
    while (this.ghost.bytes > this.main_share_bytes) this.ghost.shift()
  }

  private evictMain(): void {
    const key = this.main.shift()
    if (this.freq[key] >= 1) this.keep(key, this.freq[key] - 1)
  }

  private keep(key: number, freq: number): void {
    this.freq[key] = freq
    this.rewritten_bytes += this.sizes[key]
    this.main.push(key)
  }
}
