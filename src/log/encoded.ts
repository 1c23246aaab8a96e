import type { FieldLines } from './records.ts'

/** Records that are always the same and follow one another: encoded when first written, copied from then on. */
export class Run {
  readonly lines: readonly (readonly [tag: number, text: string])[]
  words: Uint32Array | undefined = undefined
  records = 0
  /** Of the mask with which it was encoded. */
  generation = -1

  constructor(...lines: readonly (readonly [tag: number, text: string])[]) {
    this.lines = lines
  }
}

/**
 * Heads that are logged again and again unchanged: those of stored responses. The words of their records are
 * remembered from the second time on, and copied from then on (bench/micro/log.ts: 9 lines in 0.1 instead of 0.5 µs). A
 * fixed number of places, so that this never grows with the cache.
 */

const PLACES = 1024

export interface Place {
  /** Of the head that was here last: they tell one head from another. */
  lines: FieldLines | undefined
  /** Undefined until the head comes a second time. */
  words: Uint32Array | undefined
  records: number
}

export class Encoded {
  /** Counts changes of the mask. */
  generation = 0
  private readonly places: Place[] = Array.from({ length: PLACES }, () => ({ lines: undefined, words: undefined, records: 0 }))

  /** The place for a head; `key` spreads them, such as an object's transaction id. */
  place(key: number): Place {
    return this.places[key & (PLACES - 1)]
  }

  /** The mask has changed: what was encoded may hold too much or too little. */
  forget(): void {
    this.generation++
    for (const place of this.places) {
      place.lines = undefined
      place.words = undefined
    }
  }
}
