import type { ParameterFlag } from '../config/parameter-rows.ts'
import { type ParameterName, parameterRow, type ParameterRow } from '../config/parameters.ts'

/** Parameters as varnishd's param.show lays them out. */

type Value = number | boolean | string

const INDENT = ' '.repeat(8)
const WIDTH = 64
const NAME_WIDTH = 30

const NOTES: Partial<Record<ParameterFlag, string>> = {
  obj_sticky: 'NB: This parameter is evaluated only when objects are created. To change it for all objects, restart or ban everything.',
  delayed_effect: 'NB: This parameter may take quite some time to take (full) effect.',
  must_restart: 'NB: This parameter will not take any effect until the child process has been restarted.',
  experimental:
    'NB: We do not know yet if it is a good idea to change this parameter, or if the default value is even sensible. Caution is advised, and feedback is most welcome.',
}

/** As in C's fmt_bytes: 32k, 0.25k, 100b. */
function bytesText(bytes: number): string {
  if (bytes % 256 !== 0 || bytes === 0) return `${bytes}b`
  let rest = bytes
  for (const unit of 'kMGTP') {
    if (rest % 1024 !== 0) return `${(rest / 1024).toFixed(2)}${unit}`
    rest /= 1024
    if (rest % 256 !== 0) return `${rest}${unit}`
  }
  return `${bytes}b`
}

function valueText(row: ParameterRow, value: Value): string {
  if (row.type === 'duration') return Number(value).toFixed(3)
  if (row.type === 'bytes') return bytesText(Number(value))
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
}

function unitsOf(row: ParameterRow): string | undefined {
  const units: Partial<Record<ParameterRow['type'], string | undefined>> = {
    duration: 'seconds',
    bytes: 'bytes',
    bool: 'bool',
    integer: row.unit,
  }
  return units[row.type]
}

/** "120.000 [seconds] (default)" */
function shown(row: ParameterRow, value: Value): string {
  const units = unitsOf(row)
  return `${valueText(row, value)}${units === undefined ? '' : ` [${units}]`}${value === row.default ? ' (default)' : ''}`
}

export function parameterLine(name: ParameterName, value: Value): string {
  return `${name.padEnd(NAME_WIDTH - 1)} ${shown(parameterRow(name), value)}\n`
}

/** One in full. */
export function parameterText(name: ParameterName, value: Value): string {
  const row = parameterRow(name)
  const bounds = [
    `Value is: ${shown(row, value)}`,
    ...(value === row.default ? [] : [`Default is: ${valueText(row, row.default)}`]),
    ...(row.min === undefined ? [] : [`Minimum is: ${valueText(row, row.min)}`]),
    ...(row.max === undefined ? [] : [`Maximum is: ${valueText(row, row.max)}`]),
  ]
  const words = row.words === undefined ? [] : wrap(`One of: ${row.words.join(', ')}.`)
  const notes = row.flags.flatMap((flag) => (NOTES[flag] === undefined ? [] : ['', ...wrap(NOTES[flag])]))
  const lines = [...bounds, '', ...wrap(row.about), ...words, ...notes]
  return `${name}\n${lines.map((line) => (line === '' ? '\n' : `${INDENT}${line}\n`)).join('')}\n`
}

function wrap(text: string): string[] {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1]
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** For -j: numbers and booleans as they are, bounds as they are printed. */
export function parameterJson(name: ParameterName, value: Value): { readonly row: object; readonly changed: boolean } {
  const row = parameterRow(name)
  const units = unitsOf(row)
  return {
    changed: value !== row.default,
    row: {
      name,
      implemented: true,
      value,
      ...(units === undefined ? {} : { units }),
      default: valueText(row, row.default),
      ...(row.min === undefined ? {} : { minimum: valueText(row, row.min) }),
      ...(row.max === undefined ? {} : { maximum: valueText(row, row.max) }),
      description: row.about,
      flags: row.flags,
    },
  }
}
