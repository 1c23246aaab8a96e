import type { FieldLines } from './transaction.ts'

/**
 * Field lines that are logged again and again unchanged: those of stored responses. The words of their records are
 * remembered from the second time on, and copied from then on (bench/micro/log.ts: 9 lines in 0.1 instead of 0.5 µs). A
 * fixed number of places, so that this never grows with the cache.
 */

const PLACES = 1024

export interface Place {
  lines: FieldLines | undefined
  tag: number
  /** Undefined until the lines come a second time. */
  words: Uint32Array | undefined
  records: number
}

export class EncodedFields {
  private readonly places: Place[] = Array.from({ length: PLACES }, () => ({ lines: undefined, tag: 0, words: undefined, records: 0 }))

  /** The place for these lines; `key` spreads them, such as an object's transaction id. */
  place(key: number): Place {
    return this.places[key & (PLACES - 1)]
  }

  /** The mask has changed: what was encoded may hold too much or too little. */
  forget(): void {
    for (const place of this.places) {
      place.lines = undefined
      place.words = undefined
    }
  }
}
