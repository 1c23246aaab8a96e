import { digitsOf, FRACTION_LENGTH, type Latin1Buffer, putFraction, putInteger, putMicroseconds } from '../base/digits.ts'
import type { Snippet } from './encoded.ts'
import type { Journal } from './journal.ts'

/** How a number is written: nowhere, in digits, or in seconds with six decimals. Those are told in milliseconds or seconds. */
export const FORM = { none: 0, digits: 1, wall: 2, milliseconds: 3, seconds: 4 } as const
const SCALES = [1, 1, 1000, 1000, 1e6]
const SECOND_US = 1e6
/** Wall clock readings have ten digits before the point from here on. */
const WALL_MIN_US = 1e15

/** Where the moving numbers of a journal stand in its records: how each is written, and at which byte. */
export interface Places {
  readonly forms: number[]
  readonly at: number[]
}

/** How many characters it takes. */
export function widthIn(form: number, value: number): number {
  const whole = wholeOf(form, value)
  if (!isPlain(whole)) return 0
  return form === FORM.digits ? digitsOf(whole) : digitsOf(Math.floor(whole / SECOND_US)) + FRACTION_LENGTH
}

/** The records of one request behind its preamble. Those of others differ in a few numbers and the id: they are put into these very words. */
export class Template {
  readonly words: Uint32Array
  readonly ids: Int32Array
  private readonly bytes: Latin1Buffer
  private readonly ops: Int32Array
  private readonly texts: string[]
  private readonly things: object[]
  private readonly fixed: Float64Array
  /** What stands there, as a whole number, and what it may become: from `low` on and below `high`, which have its width. */
  private readonly values: Float64Array
  private readonly low: Float64Array
  private readonly high: Float64Array
  private readonly forms: Uint8Array
  private readonly scales: Float64Array
  private readonly at: Int32Array
  /** Of seconds, the whole ones that stand there, and where the point is. Below `parts` above them only what is behind the point is written. */
  private readonly wholes: Float64Array
  private readonly parts: Float64Array
  private readonly points: Int32Array

  private constructor(journal: Journal, records: Snippet, places: Places) {
    const { moving, moving_count } = journal
    this.words = records.words
    this.ids = records.ids
    this.bytes = Buffer.from(records.words.buffer) as Latin1Buffer
    this.ops = journal.ops.slice(0, journal.count)
    this.texts = journal.texts.slice(0, journal.text_count)
    this.things = journal.things.slice(0, journal.thing_count)
    this.fixed = journal.fixed.slice(0, journal.fixed_count)
    this.forms = Uint8Array.from(places.forms)
    this.scales = Float64Array.from(places.forms, (form) => SCALES[form])
    this.at = Int32Array.from(places.at)
    this.points = this.at.map((at, i) => at + widthIn(this.forms[i], moving[i]) - FRACTION_LENGTH)
    this.values = Float64Array.from(places.forms, (form, i) => wholeOf(form, moving[i]))
    this.wholes = this.values.map((value) => value - (value % SECOND_US))
    this.low = new Float64Array(moving_count)
    this.high = new Float64Array(moving_count)
    this.parts = new Float64Array(moving_count)
    for (let i = 0; i < moving_count; i++) this.bound(i)
  }

  /** Of what `journal` tells, and its records; undefined if its numbers are not where they were thought to be. */
  static of(journal: Journal, records: Snippet, places: Places): Template | undefined {
    const template = new Template(journal, records, places)
    return template.proves() ? template : undefined
  }

  /** Numbers that are taken out and put back again are where they were. */
  private proves(): boolean {
    const { forms, at, bytes, values, words, points } = this
    const before = words.slice()
    for (let i = 0; i < forms.length; i++) {
      const end = points[i] + FRACTION_LENGTH
      if (forms[i] === FORM.none || end <= at[i]) continue
      // Of a record that was cut.
      if (end > bytes.length) return false
      bytes.fill(0, at[i], end)
    }
    for (let i = 0; i < forms.length; i++) this.putWhole(i, values[i])
    return words.every((word, i) => word === before[i])
  }

  /** What is not plain is never replaced. */
  private bound(i: number): void {
    const { forms, values, low, high } = this
    const [form, value] = [forms[i], values[i]]
    if (form === FORM.none || !isPlain(value)) return
    const unit = form === FORM.digits ? 1 : SECOND_US
    const digits = digitsOf(Math.floor(value / unit))
    low[i] = form === FORM.wall ? WALL_MIN_US : digits === 1 ? 0 : unit * 10 ** (digits - 1)
    high[i] = Math.min(unit * 10 ** digits, Number.MAX_SAFE_INTEGER)
    if (unit === SECOND_US) this.parts[i] = SECOND_US
  }

  /** Are these its records, but for numbers? Then they are put into their places. */
  takes(journal: Journal): boolean {
    return this.isOf(journal) && this.put(journal.moving)
  }

  private isOf(journal: Journal): boolean {
    const { ops, texts, things, fixed } = this
    if (journal.count !== ops.length) return false
    for (let i = 0; i < ops.length; i++) if (ops[i] !== journal.ops[i]) return false
    for (let i = 0; i < things.length; i++) if (things[i] !== journal.things[i]) return false
    for (let i = 0; i < fixed.length; i++) if (fixed[i] !== journal.fixed[i]) return false
    for (let i = 0; i < texts.length; i++) if (texts[i] !== journal.texts[i]) return false
    return true
  }

  /** False: one would need another width. */
  private put(moving: Float64Array): boolean {
    const { scales, values, wholes, parts } = this
    for (let i = 0; i < scales.length; i++) {
      const value = Math.round(moving[i] * scales[i])
      if (value === values[i]) continue
      const part = value - wholes[i]
      if (part >= 0 && part < parts[i]) putFraction(this.bytes, this.points[i], part)
      else if (value >= this.low[i] && value < this.high[i]) this.putWhole(i, value)
      else return false
      values[i] = value
    }
    return true
  }

  private putWhole(i: number, value: number): void {
    const form = this.forms[i]
    if (form === FORM.none) return
    if (form === FORM.digits) putInteger(this.bytes, this.at[i], value)
    else putMicroseconds(this.bytes, this.at[i], value)
    this.wholes[i] = value - (value % SECOND_US)
  }
}

/** From 0 on and exact. */
function isPlain(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function wholeOf(form: number, value: number): number {
  return Math.round(value * SCALES[form])
}
