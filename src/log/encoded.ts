import { Preamble } from './preamble.ts'
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

const PLACES = 1024

/** Where the records of lines that never change are remembered. */
export interface Place {
  /** Of the head that was here last: they tell one head from another. */
  lines: FieldLines | undefined
  /** What was logged with them. */
  more: string
  /** Undefined until they come a second time. */
  words: Uint32Array | undefined
  records: number
}

/**
 * What is logged again and again unchanged: heads of stored responses, field lines that a client repeats with each request, how the requests of a
 * session begin. The words of their records are remembered from the second time on, and copied from then on (bench/micro/log.ts). A fixed
 * number of places, so that this never grows with the cache.
 */
export class Encoded {
  /** Counts changes of the mask. */
  generation = 0
  private readonly heads = places()
  private readonly blocks = places()
  private readonly preambles: Preamble[] = Array.from({ length: PLACES }, () => new Preamble())

  /** The place for a stored head; `key` spreads them, such as an object's transaction id. */
  head(key: number): Place {
    return this.heads[key & (PLACES - 1)]
  }

  /** The place for the field lines of a request. */
  block(key: number): Place {
    return this.blocks[key & (PLACES - 1)]
  }

  /** The place for how the requests of a session begin. */
  preamble(session: number): Preamble {
    return this.preambles[session & (PLACES - 1)]
  }

  /** The mask has changed: what was encoded may hold too much or too little. */
  forget(): void {
    this.generation++
    for (const place of [...this.heads, ...this.blocks]) {
      place.lines = undefined
      place.words = undefined
    }
  }
}

function places(): Place[] {
  return Array.from({ length: PLACES }, () => ({ lines: undefined, more: '', words: undefined, records: 0 }))
}
