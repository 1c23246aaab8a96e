import type { changeFeatures } from './features.ts'
import { parseFieldNames } from './field-names.ts'
import { parseTagFields } from './tag-fields.ts'

/** Rows of the table of parameters (parameters.ts), by their kinds. */

export type ParameterFlag =
  | 'must_restart' // read once at start
  | 'delayed_effect' // applies to new connections or fetches only
  | 'obj_sticky' // fixed for an object when it is stored
  | 'experimental' // may change without notice
  | 'lacquer' // not a Varnish parameter, or a default of our own

export interface Row<V> {
  /** Rules for reading and printing. Durations are kept in seconds, bytes in bytes. */
  readonly type: 'duration' | 'bytes' | 'integer' | 'number' | 'bool' | 'enum' | 'text'
  readonly default: V
  readonly min?: number
  readonly max?: number
  /** What is counted, for integers. */
  readonly unit?: string
  /** Allowed words of an enum. */
  readonly words?: readonly string[]
  /** Of a text that not every text will do for. */
  readonly shape?: Shape | undefined
  readonly flags: readonly ParameterFlag[]
  readonly about: string
}

interface Shape {
  readonly fits: (given: string) => boolean
  readonly expected: string
  /** The value that it makes of the one before, where it changes that. */
  readonly change?: (before: string, given: string) => string | undefined
}

interface NumberOptions {
  min: number
  max?: number
  unit?: string
  flags?: readonly ParameterFlag[]
}

export function duration(seconds: number, options: NumberOptions, about: string): Row<number> {
  return { type: 'duration', default: seconds, flags: [], ...options, about }
}

export function bytes(value: number, options: NumberOptions, about: string): Row<number> {
  return { type: 'bytes', default: value, flags: [], ...options, about }
}

export function integer(value: number, options: NumberOptions, about: string): Row<number> {
  return { type: 'integer', default: value, flags: [], ...options, about }
}

export function number(value: number, options: NumberOptions, about: string): Row<number> {
  return { type: 'number', default: value, flags: [], ...options, about }
}

export function bool(value: boolean, flags: readonly ParameterFlag[], about: string): Row<boolean> {
  return { type: 'bool', default: value, flags, about }
}

export function word<const W extends string>(value: W, words: readonly W[], flags: readonly ParameterFlag[], about: string): Row<W> {
  return { type: 'enum', default: value, words, flags, about }
}

export function text(value: string, flags: readonly ParameterFlag[], about: string, shape?: Shape): Row<string> {
  return { type: 'text', default: value, flags, about, shape }
}

export function fieldNames(value: string, about: string): Row<string> {
  const shape: Shape = { fits: (given) => parseFieldNames(given) !== undefined, expected: 'a list of field names, or none' }
  return text(value, ['must_restart', 'lacquer'], about, shape)
}

export function switches(value: string, words: readonly string[], change: typeof changeFeatures, about: string): Row<string> {
  const expected = `+ or - before one of ${words.join(', ')}; several are separated by commas`
  const fits = (given: string): boolean => change(value, given) !== undefined
  return text(value, [], about, { fits, expected, change })
}

export function tagFields(value: string, about: string): Row<string> {
  const expected = 'a list of fields such as xkey:space, Cache-Tag:comma, or none'
  const shape: Shape = { fits: (given) => parseTagFields(given) !== undefined, expected }
  return text(value, ['must_restart', 'obj_sticky', 'lacquer'], about, shape)
}
