import { FILLS_MAX, type ArenaMemory } from './memory.ts'

/** The row was full. */
export const NO_FILL = -1

/**
 * What a worker is filling, where the manager finds it when the worker has died: its row of places. An object that finds no
 * place in the row is filled all the same; only its end would go unseen if the worker died.
 */
export class Fills {
  private readonly row: Int32Array
  private next = 0

  constructor({ fills, worker }: ArenaMemory) {
    this.row = fills.subarray(worker * FILLS_MAX, (worker + 1) * FILLS_MAX)
  }

  /** The number to `remove` it by, or NO_FILL. */
  add(place: number): number {
    for (let n = 0; n < FILLS_MAX; n++) {
      const i = (this.next + n) % FILLS_MAX
      if (this.row[i] !== 0) continue
      Atomics.store(this.row, i, place | 0)
      this.next = i + 1
      return i
    }
    return NO_FILL
  }

  remove(i: number): void {
    if (i >= 0) Atomics.store(this.row, i, 0)
    if (i >= 0) this.next = i
  }
}

/** What a worker that has died was filling. */
export function fillsOf({ fills }: ArenaMemory, worker: number): number[] {
  const row = fills.subarray(worker * FILLS_MAX, (worker + 1) * FILLS_MAX)
  const places = Array.from(row, (place) => place >>> 0).filter((place) => place !== 0)
  row.fill(0)
  return places
}
