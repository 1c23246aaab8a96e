import { TALLY, type ArenaMemory } from './memory.ts'
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
  }
}
