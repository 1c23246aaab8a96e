import { codeAt } from '../base/characters.ts'
import { NO_NUMBER } from '../base/digits.ts'
import { Preamble } from './preamble.ts'
import type { FieldLines } from './records.ts'

/** Encoded records that follow one another, of one transaction. */
export class Snippet {
  readonly words: Uint32Array
  /** Where the words are that hold the transaction's id: the second of each record. */
  readonly ids: Int32Array
  /** In VSLHEAD2 the last word of a record's head stays as it is: these are the records of that side. */
  readonly bits: number

  constructor(words: Uint32Array, header_words: number, bits: number) {
    const ids: number[] = []
    for (let at = 0; at < words.length; at += header_words + (((words[at] & 0xffff) + 3) >> 2)) ids.push(at + 1)
    this.words = words
    this.ids = Int32Array.from(ids)
    this.bits = bits
  }
}

/** Records that are always the same and follow one another: encoded when first written, copied from then on. */
export class Run {
  readonly lines: readonly (readonly [tag: number, text: string])[]
  encoded: Snippet | undefined = undefined
  /** Of the mask with which it was encoded. */
  generation = -1

  constructor(...lines: readonly (readonly [tag: number, text: string])[]) {
    this.lines = lines
  }
}

const PLACES = 1024
const CHANGES = 256
/** Longer values are encoded each time. */
export const CHANGE_MAX = 256

let generations = 0

/** Where the records of lines that never change are remembered. */
export interface Place {
  /** Of the head that was here last: they tell one head from another. */
  lines: FieldLines | undefined
  /** What was logged with them. */
  more: string
  /** Undefined until they come a second time. */
  encoded: Snippet | undefined
}

/** The records of a stored response to a hit. */
export interface ResponsePlace extends Place {
  trace: Run | undefined
  length_bytes: number
  age_s: number
  /** Where the value of Age is in the words, as bytes; 0: no Age. */
  age_at: number
  /** Cache-Status, and the number that it ends in. */
  status: string
  ttl_s: number
  /** 0: no ttl. */
  ttl_at: number
}

/** The record of a field line that was set or taken out. */
export interface ChangePlace {
  tag: number
  name: string
  value: string
  /** Undefined until it comes a second time. */
  encoded: Snippet | undefined
}

/** Numbers of an account, and its record once they have come twice in a row. */
export interface AccountPlace {
  readonly numbers: Float64Array
  encoded: Snippet | undefined
}

/**
 * What is logged again and again unchanged: heads of stored responses, field lines that a client repeats with each request, how the requests of a
 * session begin. The words of their records are remembered from the second time on, and copied from then on (bench/micro/log.ts). A fixed
 * number of places, so that this never grows with the cache.
 */
export class Encoded {
  /** Another one after each change of the mask, and another one for each log of this thread: fixed runs are the same objects to all. */
  generation = generations++
  readonly account: AccountPlace = { numbers: new Float64Array(5), encoded: undefined }
  private readonly responses: ResponsePlace[] = places().map((place) => ({
    ...place,
    trace: undefined,
    length_bytes: -1,
    age_s: -1,
    age_at: 0,
    status: '',
    ttl_s: NO_NUMBER,
    ttl_at: 0,
  }))
  private readonly blocks = places()
  private readonly changes: ChangePlace[] = Array.from({ length: CHANGES }, () => ({ tag: 0, name: '', value: '', encoded: undefined }))
  private readonly preambles: Preamble[] = Array.from({ length: PLACES }, () => new Preamble())

  /** The place for a stored response; `key` spreads them, such as an object's transaction id. */
  response(key: number): ResponsePlace {
    return this.responses[key & (PLACES - 1)]
  }

  /** The place for the field lines of a request. */
  block(key: number): Place {
    return this.blocks[key & (PLACES - 1)]
  }

  /** The place for a field line that was set or taken out; its value is no longer than CHANGE_MAX. */
  change(tag: number, name: string, value: string): ChangePlace {
    const { length } = value
    const last = length === 0 ? 0 : codeAt(value, length - 1) ^ (codeAt(value, length >> 1) << 3)
    return this.changes[((tag << 4) ^ (name.length << 5) ^ length ^ last) & (CHANGES - 1)]
  }

  /** The place for how the requests of a session begin. */
  preamble(session: number): Preamble {
    return this.preambles[session & (PLACES - 1)]
  }

  /** The mask has changed: what was encoded may hold too much or too little. */
  forget(): void {
    this.generation = generations++
    this.account.encoded = undefined
    for (const place of [...this.responses, ...this.blocks]) {
      place.lines = undefined
      place.encoded = undefined
    }
    for (const place of this.changes) place.encoded = undefined
  }
}

function places(): Place[] {
  return Array.from({ length: PLACES }, () => ({ lines: undefined, more: '', encoded: undefined }))
}
