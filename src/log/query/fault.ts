import { OperatorError } from '../../base/errors.ts'

const WIDTH = 100

/** What is wrong with a query, with its line and a mark below the place. */
export function fault(query: string, message: string, start: number, end: number): OperatorError {
  const line_start = query.lastIndexOf('\n', start - 1) + 1
  const line_end = query.indexOf('\n', start)
  const line = query.slice(line_start, line_end === -1 ? query.length : line_end)
  const number = query.slice(0, line_start).split('\n').length
  const where = query.includes('\n') ? ` in line ${number}` : ''
  return new OperatorError(`query${where}: ${message}${marked(line, start - line_start, end - line_start)}`)
}

/** A line, of a long one what is around the place, and a mark below it. */
export function marked(line: string, start: number, end: number): string {
  const cut = Math.max(0, start - WIDTH / 2)
  const shown = line.slice(cut, cut + WIDTH)
  const column = start - cut
  const width = Math.max(1, Math.min(end - start, shown.length - column))
  return `\n  ${printable(shown)}\n  ${' '.repeat(column)}${'^'.repeat(width)}`
}

export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}
