import type { Collector } from './collector.ts'

/** A place of a format that is filled in. */
export interface Field {
  /** Its key, where lines are JSON objects. */
  readonly name: string
  /** What it is in JSON when it is a value of its own. */
  readonly kind: 'text' | 'number'
  /** Undefined: the transaction does not tell. Latin1. */
  read(from: Collector): string | undefined
  /** What stands there then; undefined: then there is no line at all. */
  readonly missing: string | undefined
  /** It comes from the format and the clock, nobody else can put anything into it. */
  readonly is_safe?: true
}

/** What is written for what is not there. */
export interface Missing {
  readonly text: string
  readonly integer: string
}

export const MISSING_TEXT: Missing = { text: '-', integer: '-' }
export const MISSING_JSON: Missing = { text: '', integer: '0' }
