import { normal, random, zipf } from './random.ts'
import { trace } from './trace.ts'
import type { Trace } from './trace.ts'

/** Generated traffic: popularity by Zipf's law, sizes independent of it. Seeds are fixed: a figure can be repeated. */
export interface Traffic {
  readonly name: string
  readonly alpha: number
  readonly sizes: 'equal' | 'log-normal' | 'bimodal'
  /** Share of requests for objects that nobody asks for again. */
  readonly oneHit?: number
  /** Every so many requests, a crawler reads a tenth of all objects once, in order. */
  readonly scanEvery?: number
  /** Every so many requests, the next object moves to rank 0 .. objects: popularity wanders. */
  readonly driftEvery?: number
}

export const TRAFFIC: readonly Traffic[] = [
  { name: 'zipf 0.7, log-normal', alpha: 0.7, sizes: 'log-normal' },
  { name: 'zipf 0.9, log-normal', alpha: 0.9, sizes: 'log-normal' },
  { name: 'zipf 1.1, log-normal', alpha: 1.1, sizes: 'log-normal' },
  { name: 'zipf 0.9, equal sizes', alpha: 0.9, sizes: 'equal' },
  { name: 'zipf 0.9, pages and downloads', alpha: 0.9, sizes: 'bimodal' },
  { name: 'zipf 0.9, 30 % one-hit wonders', alpha: 0.9, sizes: 'log-normal', oneHit: 0.3 },
  { name: 'zipf 0.9, a crawler', alpha: 0.9, sizes: 'log-normal', scanEvery: 40_000 },
  { name: 'zipf 0.9, popularity wanders', alpha: 0.9, sizes: 'log-normal', driftEvery: 5 },
]

/** What is asked for once has a number above all others. */
const ONE_HIT = 2 ** 31

export function generate(traffic: Traffic, requests: number, objects: number, seed: number): Trace {
  const next = random(seed)
  const rank = zipf(next, objects, traffic.alpha)
  const order = shuffled(objects, next)
  const keys = new Uint32Array(requests)
  let crawled = Infinity
  for (let i = 0; i < requests; i++) {
    if (traffic.scanEvery !== undefined && i % traffic.scanEvery === traffic.scanEvery >>> 1) crawled = 0
    if (traffic.driftEvery !== undefined && i % traffic.driftEvery === 0) swap(order, Math.floor(next() * objects), rank())
    if (traffic.oneHit !== undefined && next() < traffic.oneHit) keys[i] = ONE_HIT + i
    // While it crawls, every other request is the crawler's.
    else if (crawled < objects / 10 && i % 2 === 0) keys[i] = crawled++
    else keys[i] = order[rank()]
  }
  const size = sizes(traffic.sizes, random(seed + 1))
  return trace(traffic.name, keys, size)
}

function shuffled(count: number, next: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) swap(order, i, Math.floor(next() * (i + 1)))
  return order
}

function swap(order: Uint32Array, a: number, b: number): void {
  const kept = order[a]
  order[a] = order[b]
  order[b] = kept
}

const KIB = 1024

function sizes(kind: Traffic['sizes'], next: () => number): () => number {
  const deviate = normal(next)
  const logNormal = (median_bytes: number, sigma: number, largest_bytes: number): number =>
    Math.ceil(Math.min(largest_bytes, Math.max(200, median_bytes * Math.exp(sigma * deviate()))))
  if (kind === 'equal') return () => 16 * KIB
  if (kind === 'log-normal') return () => logNormal(8 * KIB, 1.5, 1024 * KIB)
  return () => (next() < 0.9 ? logNormal(6 * KIB, 1, 128 * KIB) : logNormal(1024 * KIB, 0.8, 8192 * KIB))
}
