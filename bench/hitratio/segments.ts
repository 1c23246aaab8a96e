import { Ageing, AGEING_WORDS } from '../../src/store/eviction/ageing.ts'
import { Ghost, GHOST_SHARE, ghostWords } from '../../src/store/eviction/ghost.ts'
import { Judge } from '../../src/store/eviction/judge.ts'
import { Reserve } from '../../src/store/eviction/reserve.ts'
import { admissionRing, FREQ_MAX, makeStripe, nextVictimRing, RING_MAIN, RING_SMALL } from '../../src/store/eviction/policy.ts'
import type { Ring, Stripe } from '../../src/store/eviction/policy.ts'
import { Segment, SegmentRings } from './segment-rings.ts'
import type { Cache, MakeCache } from './simulated/cache.ts'

export interface Layout {
  readonly segments: number
  /** Each has an open segment in each ring. */
  readonly workers: number
}

/** An arena's eviction with the very pieces that the arena uses, and no memory: segments are lists of keys. */
export function segmented(bias: number, layout: Layout): MakeCache {
  return ({ sizes }, capacity_bytes) => new Segments(sizes, capacity_bytes, bias, layout)
}

const NOWHERE = 255
const NEVER_MS = Infinity

class Segments implements Cache {
  rewritten_bytes = 0
  private readonly sizes: Float64Array
  private readonly capacity_bytes: number
  private readonly rings: SegmentRings
  private readonly reserve: Reserve
  private readonly workers: number
  private readonly ring: Uint8Array
  private readonly freq: Uint8Array
  private readonly ghost: Ghost
  private readonly ageing: Ageing
  private readonly judge: Judge
  private stripe: Stripe = makeStripe(1024)
  private worker = 0

  constructor(sizes: Float64Array, capacity_bytes: number, bias: number, { segments, workers }: Layout) {
    this.sizes = sizes
    this.capacity_bytes = capacity_bytes
    this.rings = new SegmentRings(sizes, capacity_bytes / segments, segments, workers)
    this.reserve = new Reserve(segments)
    this.workers = workers
    this.ring = new Uint8Array(sizes.length).fill(NOWHERE)
    this.freq = new Uint8Array(sizes.length)
    const mean_bytes = sizes.reduce((sum, size_bytes) => sum + size_bytes, 0) / sizes.length
    const window_bytes = GHOST_SHARE * capacity_bytes
    this.ghost = new Ghost(new Uint32Array(ghostWords((2 * window_bytes) / mean_bytes)), window_bytes)
    this.ageing = new Ageing(new Int32Array(AGEING_WORDS), capacity_bytes)
    this.judge = new Judge(this.ageing, { eviction_size_bias: bias })
  }

  get live_bytes(): number {
    return this.rings.live_bytes
  }

  request(key: number, size_bytes: number): boolean {
    if (this.ring[key] !== NOWHERE) {
      if (this.freq[key] < FREQ_MAX) this.freq[key]++
      return true
    }
    if (size_bytes > this.capacity_bytes / 2) return false
    this.worker = (this.worker + 1) % this.workers
    this.ageing.admitted(size_bytes)
    const ring = admissionRing(size_bytes, this.ghost.take(hash(key), hash(~key)), this.capacity_bytes)
    this.makeRoom(this.rings.needed(ring, this.worker, size_bytes))
    this.freq[key] = 0
    if (this.rings.place(ring, this.worker, key)) this.ring[key] = ring
    return false
  }

  private makeRoom(segments: number): void {
    if (segments === 0) return
    const wanted = Math.max(segments, this.reserve.segments)
    for (let round = 0, most = this.rings.free; this.rings.free < wanted; round++) {
      this.evict(round)
      if (this.rings.free <= most) continue
      most = this.rings.free
      round = -1
    }
    this.reserve.learn(true)
  }

  private evict(round: number): void {
    const [small, main] = this.rings.counts
    const segment = this.rings.oldest(nextVictimRing(small, main))
    const stripe = this.describe(segment)
    this.judge.judge(stripe, 0, round)
    if (stripe.requeued && stripe.verdict[0] >= 0) {
      this.freq[segment.keys[0]] = stripe.verdict[0]
      this.ring[segment.keys[0]] = RING_MAIN
      this.rings.requeue(segment, RING_MAIN)
      return
    }
    const { keys } = segment
    segment.keys = []
    // Free only when all is copied.
    for (let i = 0; i < keys.length; i++) this.settle(keys[i], stripe.verdict[i], segment.ring)
    this.rings.release(segment)
  }

  private describe(segment: Segment): Stripe {
    const { keys } = segment
    if (keys.length > this.stripe.freq.length) this.stripe = makeStripe(keys.length * 2)
    const { stripe } = this
    stripe.count = keys.length
    stripe.ring = segment.ring
    stripe.requeued = segment.owned
    for (const [i, key] of keys.entries()) {
      stripe.size_bytes[i] = this.sizes[key]
      stripe.freq[i] = this.freq[key]
      stripe.expiry_ms[i] = NEVER_MS
    }
    return stripe
  }

  private copy(key: number): boolean {
    const segments = this.rings.needed(RING_MAIN, this.worker, this.sizes[key])
    if (segments > 0) this.reserve.learn(segments <= this.rings.free)
    return this.rings.place(RING_MAIN, this.worker, key)
  }

  private settle(key: number, verdict: number, ring: Ring): void {
    this.rings.remove(key)
    // Copied before its segment is free: when there is no room for that, it goes.
    if (verdict >= 0 && this.copy(key)) {
      this.freq[key] = verdict
      this.ring[key] = RING_MAIN
      this.rewritten_bytes += this.sizes[key]
      return
    }
    this.ring[key] = NOWHERE
    if (ring === RING_SMALL) this.ghost.add(hash(key), hash(~key), this.sizes[key])
  }
}

function hash(key: number): number {
  let mixed = Math.imul(key ^ (key >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
