import { Arena, attachArena } from '../../src/store/arena/arena.ts'
import { geometryFor } from '../../src/store/arena/geometry.ts'
import { TALLY } from '../../src/store/arena/memory.ts'
import type { ArenaMemory } from '../../src/store/arena/memory.ts'
import { ArenaStore } from '../../src/store/arena/store.ts'
import { createHeapStore } from '../../src/store/heap/store.ts'
import { DEFAULT_BIAS } from './policies.ts'
import type { Policy } from './policies.ts'
import { segmented } from './segments.ts'
import type { MakeCache } from './simulated/cache.ts'
import { lru } from './simulated/lists.ts'
import { s3fifo } from './simulated/s3-fifo.ts'
import { StoreCache } from './store.ts'

const TRANSIT_BYTES = 2 ** 20

/** Real stores, each beside a simulation that is charged the same for an object and given the same room. */
export function storePolicies(): Policy[] {
  return [
    { name: 'LRU', make: (trace, capacity_bytes) => lru(charged(trace, HEAP_OVERHEAD), capacity_bytes) },
    { name: 'heap store', make: (_, capacity_bytes) => heap(capacity_bytes) },
    { name: 'S3-FIFO', make: (trace, capacity_bytes) => s3fifo(charged(trace, ARENA_OVERHEAD), roomOf(capacity_bytes)) },
    ...[0, DEFAULT_BIAS].flatMap((bias) => [
      { name: `simulated arena, bias ${bias}`, make: simulated(bias), bias },
      { name: `arena store, bias ${bias}`, make: (_: unknown, capacity_bytes: number) => new ArenaCache(capacity_bytes, bias), bias },
    ]),
  ]
}

function heap(capacity_bytes: number): StoreCache {
  return new StoreCache(createHeapStore({ name: 'heap', capacity_bytes, transit_buffer_bytes: TRANSIT_BYTES }))
}

/** The arena in memory, and one worker. */
export class ArenaCache extends StoreCache {
  private readonly memory: ArenaMemory

  constructor(capacity_bytes: number, bias: number) {
    const memory = attachArena(Arena.inMemory(new SharedArrayBuffer(capacity_bytes)).handle, 0)
    const parameters = { eviction_size_bias: bias }
    super(
      new ArenaStore({
        name: 'arena',
        kind: 'memory',
        memory,
        transient: createHeapStore({ name: 'Transient', capacity_bytes: TRANSIT_BYTES, transit_buffer_bytes: TRANSIT_BYTES }),
        parameters,
        bells: undefined,
      }),
    )
    this.memory = memory
  }

  get rewritten_bytes(): number {
    return this.memory.total(TALLY.moved_bytes)
  }
}

const HEAP_OVERHEAD = heap(TRANSIT_BYTES).overhead_bytes
const ARENA_OVERHEAD = new ArenaCache(TRANSIT_BYTES, 0).overhead_bytes

function charged<T extends { readonly sizes: Float64Array }>(trace: T, overhead_bytes: number): T {
  return { ...trace, sizes: trace.sizes.map((size_bytes) => size_bytes + overhead_bytes) }
}

/** What an arena of that size has for objects: not its index. */
function roomOf(capacity_bytes: number): number {
  const { segments, segment_bytes } = geometryFor(capacity_bytes)
  return segments * segment_bytes
}

function simulated(bias: number): MakeCache {
  return (trace, capacity_bytes) => {
    const { segments } = geometryFor(capacity_bytes)
    return segmented(bias, { segments, workers: 1 })(charged(trace, ARENA_OVERHEAD), roomOf(capacity_bytes))
  }
}
