import { OperatorError } from '../../base/errors.ts'

const WIDTH = 100

/** What is wrong with a query, with its line and a mark below the place. */
export function fault(query: string, message: string, start: number, end: number): OperatorError {
  const line_start = query.lastIndexOf('\n', start - 1) + 1
  const line_end = query.indexOf('\n', start)
  const line = query.slice(line_start, line_end === -1 ? query.length : line_end)
  // Of a long line, what is around the place.
  const cut = Math.max(0, start - line_start - WIDTH / 2)
  const shown = line.slice(cut, cut + WIDTH)
  const column = start - line_start - cut
  const width = Math.max(1, Math.min(end - start, shown.length - column))
  const number = query.slice(0, line_start).split('\n').length
  const where = query.includes('\n') ? ` in line ${number}` : ''
  return new OperatorError(`query${where}: ${message}\n  ${printable(shown)}\n  ${' '.repeat(column)}${'^'.repeat(width)}`)
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}
