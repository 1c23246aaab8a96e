import type { ArenaMemory } from './memory.ts'

// Words of the arena's header.
export const HEADER = {
  magic: 0,
  version: 1,
  generation: 2,
  sequence: 3,
  seed: 4,
  /** Of a file: the process that has opened it last, a number that no earlier one had. */
  boot: 5,
  /** Check sum of what never changes. */
  sum: 6,
  /** 1: the last process has ended in good order. */
  clean: 7,
  segment_bytes: 8,
  segments: 9,
  buckets: 10,
  /** The newest invalidation (shm/serial.ts). */
  serial: 14,
  /** Of the hashes of tags. */
  tag_key0: 15,
  tag_key1: 16,
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

/** No object has been checked against a later one. */
export function keepSerial({ header }: ArenaMemory, serial: number): void {
  Atomics.store(header, HEADER.serial, serial)
}
