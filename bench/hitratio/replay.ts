import type { Cache } from './simulated/cache.ts'
import type { Trace } from './trace.ts'

export interface Ratios {
  /** Hits among requests, and bytes of hits among bytes asked for: 0 .. 1. The whole trace counts, first requests too. */
  readonly objects: number
  readonly bytes: number
  /** Bytes copied within the cache for each byte that missed. */
  readonly rewritten: number | undefined
  readonly live_bytes: number | undefined
}

export function replay(cache: Cache, trace: Trace): Ratios {
  let hits = 0
  let asked_bytes = 0
  let hit_bytes = 0
  for (const key of trace.keys) {
    const size_bytes = trace.sizes[key]
    asked_bytes += size_bytes
    if (!cache.request(key, size_bytes)) continue
    hits++
    hit_bytes += size_bytes
  }
  return {
    objects: hits / trace.keys.length,
    bytes: hit_bytes / asked_bytes,
    rewritten: cache.rewritten_bytes === undefined ? undefined : cache.rewritten_bytes / (asked_bytes - hit_bytes),
    live_bytes: cache.live_bytes,
  }
}
