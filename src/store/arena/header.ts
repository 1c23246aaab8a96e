import type { ArenaMemory } from './memory.ts'

// Words of the arena's header.
export const HEADER = {
  magic: 0,
  version: 1,
  generation: 2,
  sequence: 3,
  seed: 4,
  /** Counts the processes that have opened the arena. */
  boot: 5,
  /** Objects written since that boot are known to be whole. */
  trusted_since: 6,
  clean: 7,
  segment_bytes: 8,
  segments: 9,
  buckets: 10,
} as const

/** A number that no object of the store has (a thousand million objects ago it may have been used). Never 0. */
export function nextGeneration({ header }: ArenaMemory): number {
  for (;;) {
    const generation = (Atomics.add(header, HEADER.generation, 1) + 1) | 0
    if (generation !== 0) return generation
  }
}

/** Places in the rings, counted on. */
export function nextSequence({ header }: ArenaMemory): number {
  return Atomics.add(header, HEADER.sequence, 1) + 1
}
