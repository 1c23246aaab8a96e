import { OperatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import {
  formatBoolean,
  formatBytes,
  formatDuration,
  parseBoolean,
  parseBytes,
  parseDuration,
  parseInteger,
  parseNumber,
} from '../base/units.ts'
import { isForeign } from './foreign-parameters.ts'
import { isParameter, PARAMETER_NAMES, type ParameterName, parameterRow, type ParameterRow, type ParameterValues } from './parameters.ts'

// Values of parameters as operators write them.

/** Applies `name=value`; throws an OperatorError that says what is allowed. */
export function setParameter(values: ParameterValues, assignment: string): void {
  const at = assignment.indexOf('=')
  if (at < 1) throw new OperatorError(`-p ${assignment}: expected name=value`)
  const name = assignment.slice(0, at).trim()
  if (!isParameter(name)) throw new OperatorError(unknownParameter(name))
  // The row and the value have the same type by construction of ParameterValues.
  const text = assignment.slice(at + 1).trim()
  const given = parseValue(name, text)
  const change = text === 'default' ? undefined : parameterRow(name).shape?.change
  Object.assign(values, { [name]: change === undefined ? given : change(String(values[name]), text) })
}

export function unknownParameter(name: string): string {
  if (isForeign(name)) return `unknown parameter '${name}': varnishd has it, and there is nothing here that it sets; leave it out`
  const meant = nearest(name, PARAMETER_NAMES)
  return `unknown parameter '${name}'${meant ? `: did you mean '${meant}'?` : '; see docs/reference/parameters.md'}`
}

function parseValue(name: ParameterName, given: string): number | boolean | string {
  const row = parameterRow(name)
  if (given === 'default') return row.default
  const value = parsers[row.type](given, row)
  if (value === undefined) throw new OperatorError(`parameter ${name}: '${given}' is not ${expected[row.type](row)}`)
  if (typeof value === 'number') checkBounds(name, row, value)
  return value
}

type Parser = (given: string, row: ParameterRow) => number | boolean | string | undefined

const parsers: Record<ParameterRow['type'], Parser> = {
  duration: parseDuration,
  bytes: parseBytes,
  integer: parseInteger,
  number: parseNumber,
  bool: parseBoolean,
  enum: (given, row) => (row.words?.includes(given) ? given : undefined),
  text: (given, { shape }) => (shape === undefined || shape.fits(given) ? given : undefined),
}

const expected: Record<ParameterRow['type'], (row: ParameterRow) => string> = {
  duration: () => 'a duration such as 10s, 1.5m or 100ms',
  bytes: () => 'a size such as 512b, 64k or 1G',
  integer: () => 'a whole number',
  number: () => 'a number such as 0.5',
  bool: () => 'on or off',
  enum: (row) => `one of ${row.words?.join(', ')}`,
  text: ({ shape }) => shape?.expected ?? 'text',
}

function checkBounds(name: string, row: ParameterRow, value: number): void {
  const show = (n: number): string => formatNumber(row, n)
  if (row.min !== undefined && value < row.min)
    throw new OperatorError(`parameter ${name}: ${show(value)} is below the minimum, ${show(row.min)}`)
  if (row.max !== undefined && value > row.max)
    throw new OperatorError(`parameter ${name}: ${show(value)} is above the maximum, ${show(row.max)}`)
}

function formatNumber(row: ParameterRow, value: number): string {
  if (row.type === 'duration') return formatDuration(value)
  return row.type === 'bytes' ? formatBytes(value) : String(value)
}

/** A value of that parameter as an operator would write it. */
export function formatParameter(name: ParameterName, value: number | boolean | string): string {
  if (typeof value === 'number') return formatNumber(parameterRow(name), value)
  return typeof value === 'boolean' ? formatBoolean(value) : value
}
