import { SEGMENT_WORDS } from './geometry.ts'
import { TALLY, type ArenaMemory } from './memory.ts'

/**
 * Objects that are all there and can be found, counted in the row of the segment where their head lies: the table outlives the process,
 * so that the next one adds them up, however this one ends, and looks at no object.
 */
export const OBJECTS_WORD = 14

function wordOf(segment: number): number {
  return segment * SEGMENT_WORDS + OBJECTS_WORD
}

export function addObjects({ table }: ArenaMemory, segment: number, objects: number): void {
  Atomics.add(table, wordOf(segment), objects)
}

/** One has gone that cannot be asked whether it was counted: where none is left, it was not. */
export function takeObject({ table, tally }: ArenaMemory, segment: number): void {
  for (;;) {
    const objects = Atomics.load(table, wordOf(segment))
    if (objects <= 0) return
    if (Atomics.compareExchange(table, wordOf(segment), objects, objects - 1) !== objects) continue
    tally[TALLY.objects]--
    return
  }
}

/**
 * Before the segment is free. Nothing in it can be found, and whoever took something out has noted that: what is counted still was never
 * there, or was lost with a page of the file.
 */
export function settleObjects({ table, tally }: ArenaMemory, segment: number): void {
  tally[TALLY.objects] -= Atomics.exchange(table, wordOf(segment), 0)
}
