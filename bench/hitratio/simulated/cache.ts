import type { Trace } from '../trace.ts'

/** What is measured: a cache, simulated or real. */
export interface Cache {
  /** True for a hit. After a miss the object is in, if the cache wants it. */
  request(key: number, size_bytes: number): boolean
  /** Bytes copied within the cache to keep them, where there is such a thing. */
  readonly rewritten_bytes?: number
  /** Bytes of what is in it now, where that may be much less than its capacity. */
  readonly live_bytes?: number
}

export type MakeCache = (trace: Trace, capacity_bytes: number) => Cache
