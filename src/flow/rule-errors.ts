import type { Clock } from '../base/clock.ts'
import type { OperationsLog } from './environment.ts'

/** From one place in the rules one line in so long. */
const SILENCE_MS = 10_000
const LINE_CHARS_MAX = 1000
/** Each load of rules has its own. When full, all are forgotten at once. */
const PLACES_MAX = 1000

interface Place {
  silent_until_ms: number
  left_out: number
}

/**
 * Errors of rules at run time, for people: any request may cause one, and whoever sends such requests must not fill a disk or hide the other
 * lines. All of them are in the request log, as VCL_Error.
 */
export class RuleErrors {
  private readonly clock: Clock
  private readonly operations: OperationsLog
  private readonly places = new Map<string, Place>()

  constructor(clock: Clock, operations: OperationsLog) {
    this.clock = clock
    this.operations = operations
  }

  /** `where`: never text that a request can choose. It is told unless the text has it. */
  tell(text: string, where: string): void {
    const now_ms = this.clock.mono_ms
    const place = this.placeOf(where)
    if (now_ms < place.silent_until_ms) {
      place.left_out++
      return
    }
    const more = place.left_out === 0 ? '' : ` (and ${place.left_out} more since the last line)`
    place.silent_until_ms = now_ms + SILENCE_MS
    place.left_out = 0
    const place_text = text.includes(where) ? '' : ` (${where})`
    this.operations.error(`rules: ${text.slice(0, LINE_CHARS_MAX)}${place_text}${more}`)
  }

  private placeOf(where: string): Place {
    const known = this.places.get(where)
    if (known !== undefined) return known
    if (this.places.size >= PLACES_MAX) this.places.clear()
    const place = { silent_until_ms: -Infinity, left_out: 0 }
    this.places.set(where, place)
    return place
  }
}
