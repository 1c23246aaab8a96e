import { capacityOf } from './geometry.ts'
import { TALLY, type ArenaMemory } from './memory.ts'
import type { StoreStats } from '../contract.ts'
import type { Segments } from './segments.ts'

/** By all workers since it was opened, or now. */
export interface ArenaStats {
  readonly segments: number
  readonly free_segments: number
  /** In which nothing can be found any more, and which some worker may still read. */
  readonly retired_segments: number
  /** Objects evicted, by their ring. */
  readonly evicted_small: number
  readonly evicted_main: number
  /** Objects that eviction has kept, and what of them it has copied. */
  readonly moved: number
  readonly moved_bytes: number
  readonly disk_errors: number
  /** Objects of earlier processes. */
  readonly broken: number
  /** Objects taken out because a tag of theirs was purged. */
  readonly purged: number
  /** Purged tags that had to be forgotten, and tags of objects that could not be listed. */
  readonly forgotten: number
  readonly unlisted: number
  /** Objects that left because their bucket of the index was full; they are among those nuked. */
  readonly crowded: number
}

export function arenaStats(memory: ArenaMemory, segments: Segments): ArenaStats {
  return {
    segments: segments.count,
    free_segments: segments.free,
    retired_segments: segments.retired,
    evicted_small: memory.total(TALLY.evicted_small),
    evicted_main: memory.total(TALLY.evicted_main),
    moved: memory.total(TALLY.moved),
    moved_bytes: memory.total(TALLY.moved_bytes),
    disk_errors: memory.total(TALLY.disk_errors),
    broken: memory.total(TALLY.broken),
    purged: memory.total(TALLY.purged),
    forgotten: memory.total(TALLY.forgotten),
    unlisted: memory.total(TALLY.unlisted),
    crowded: memory.total(TALLY.crowded),
  }
}

export function storeStats(memory: ArenaMemory, transient_bytes: number): StoreStats {
  return {
    capacity_bytes: capacityOf(memory.geometry),
    used_bytes: memory.total(TALLY.live_bytes),
    transient_bytes,
    objects: memory.total(TALLY.objects),
    nuked: memory.total(TALLY.nuked),
    expired: memory.total(TALLY.expired),
    allocated_bytes: memory.total(TALLY.allocated_bytes),
    requests: memory.total(TALLY.requests),
    failures: memory.total(TALLY.failures),
    happy: memory.disk?.happy ?? true,
  }
}
