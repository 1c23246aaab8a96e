import type { Status } from '../fault.ts'

/** `200 15      ` and a line feed: status and length of the body. */
export const HEAD_BYTES = 13

/** An answer as bytes (latin1 in a string): head, body, line feed. */
export function frame(status: Status, body: string): string {
  return `${String(status).padEnd(3)} ${String(body.length).padEnd(8)}\n${body}\n`
}

/** Undefined when these are no 13 bytes of an answer. */
export function readHead(head: string): { status: number; length: number } | undefined {
  const [, status, length] = /^(\d{3}) (\d{1,8}) *\n$/.exec(head) ?? []
  return status === undefined ? undefined : { status: Number(status), length: Number(length) }
}

/** varnishd's envelope of JSON answers: version, the command's words, when, and what it says. */
export function envelope(version: number, words: readonly string[], now_s: number, payload: string): string {
  const said = payload === '' ? '' : `,${payload}`
  return `[ ${version}, [${words.map((word) => JSON.stringify(word)).join(', ')}], ${now_s.toFixed(3)}${said}\n]\n`
}

/** Objects of a list, as the payload of an envelope. */
export function jsonList(rows: readonly object[]): string {
  return rows.map((row) => `\n  ${JSON.stringify(row, undefined, 2).replaceAll('\n', '\n  ')}`).join(',')
}

const WIDTH = 80

/** Cells in columns, spaced as varnishd does it: the widest cell and one more, and up to three blanks where there is room. Rows of one cell are copied. */
export function columns(rows: readonly (readonly string[])[]): string {
  const tables = rows.filter((row) => row.length > 1 || !row[0]?.startsWith(' '))
  const count = Math.max(0, ...tables.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...tables.map((row) => row[i]?.length ?? 0)) + (i === 0 ? 0 : 1))
  const longest = Math.max(0, ...tables.map((row) => row.join('\t').length))
  const gap = Math.min(Math.max(Math.trunc((WIDTH - longest) / Math.max(count, 1)), 1), 3)
  const line = (row: readonly string[]): string =>
    row.length === 1 && row[0].startsWith(' ')
      ? row[0]
      : row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] + gap))).join('')
  return rows.map((row) => `${line(row)}\n`).join('')
}
