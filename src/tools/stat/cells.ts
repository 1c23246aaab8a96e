import type { Row } from './samples.ts'
import { shownValue } from './print.ts'

/** A row of the screen: its name and as many columns of 14 characters as there is room for. */

const CELL = 14
const NUMBER = 12
const NAME_MIN = 24

export const COLUMNS = ['CURRENT', 'CHANGE', 'AVERAGE', 'AVG_10', 'AVG_100', 'AVG_1000'] as const

export interface Layout {
  readonly name_width: number
  readonly columns: number
}

export function layout(width: number): Layout {
  const columns = Math.max(0, Math.min(COLUMNS.length, Math.floor((width - NAME_MIN) / CELL)))
  return { columns, name_width: Math.max(0, width - columns * CELL) }
}

export function headText({ name_width, columns }: Layout, is_scrolled: boolean): string {
  const names = COLUMNS.slice(0, columns).map((name) => cell(name))
  return `${is_scrolled ? '^^^' : '   '} NAME`.padEnd(name_width) + names.join('')
}

export interface CellOptions {
  readonly raw: boolean
  /** Large numbers are told in thousands, millions and so on. */
  readonly scale: boolean
}

export function rowText(row: Row, { name_width, columns }: Layout, options: CellOptions): string {
  const cells = cellsOf(row, options).slice(0, columns)
  return shortened(row.point.name, name_width) + cells.join('')
}

function cellsOf(row: Row, { raw, scale }: CellOptions): string[] {
  const { point, change, average, averages } = row
  const value = shownValue(point, raw)
  const { format } = point.doc
  if (format === 'd') return [`${duration(value)} `]
  if (format === 'b') return [cell(bits(value)), `    ${marks(value)}`.padEnd(2 * CELL)]
  const number = (of: number): string => (format === 'B' ? bytes(of, scale, 2) : cell(of.toFixed(2)))
  const current = format === 'B' ? bytes(Number(value), scale, 0) : integer(value, scale)
  return [
    current,
    change === undefined ? NONE : number(change),
    average === 0 ? NONE : number(average),
    ...averages.map((one) => number(one.value)),
  ]
}

/** A blank, twelve characters, and the unit. */
function cell(text: string, unit = ' '): string {
  return ` ${text.padStart(NUMBER)}${unit}`
}

const NONE = cell('.  ')

const INTEGER_MAX = 99_999_999n
const THOUSANDS = ' kMGTPEZY'

function integer(value: bigint, scale: boolean): string {
  if (!scale) return cell(String(value))
  let [rest, unit] = [value, 0]
  while (rest > INTEGER_MAX) {
    rest /= 1000n
    unit++
  }
  return cell(String(rest), THOUSANDS[unit])
}

const KIBI = 1024
const BINARY = ' KMGTPEZY'

function bytes(value: number, scale: boolean, digits: number): string {
  if (!scale || Math.abs(value) <= KIBI) return cell(value.toFixed(digits))
  let [rest, unit] = [value, 0]
  while (Math.abs(rest) > KIBI) {
    rest /= KIBI
    unit++
  }
  return cell(rest.toFixed(2), BINARY[unit])
}

export function duration(seconds: bigint): string {
  const two = (number: bigint): string => String(number).padStart(2, '0')
  const [days, rest] = [seconds / 86_400n, seconds % 86_400n]
  return `${String(days).padStart(4)}+${two(rest / 3600n)}:${two((rest % 3600n) / 60n)}:${two(rest % 60n)}`
}

/** Of 64 the upper forty as a number, the others as marks: those are the youngest probes. */
const MARKED = 24n

function bits(value: bigint): string {
  return ((value >> MARKED) & 0xffffffffffn).toString(16).padStart(10, '0')
}

function marks(value: bigint): string {
  return Array.from({ length: Number(MARKED) }, (_, i) => ((value >> (MARKED - 1n - BigInt(i))) & 1n) === 1n)
    .map((is_set) => (is_set ? 'V' : '_'))
    .join('')
}

function shortened(name: string, width: number): string {
  if (name.length <= width) return name.padEnd(width)
  return width < 4 ? name.slice(0, width) : `${name.slice(0, width - 3)}...`
}
