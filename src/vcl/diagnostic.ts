import { nearest } from '../base/nearest.ts'
import type { Place } from './ast.ts'
import type { DiagnosticCode } from './diagnostic-codes.ts'

export { nearest } from '../base/nearest.ts'

/** One complaint about rules. */
export interface Diagnostic {
  readonly at: Place
  /** Of rules: its kind, for programs. */
  readonly code?: DiagnosticCode
  readonly message: string
  /** What to do about it: a suggestion, the known names, where it would be legal. */
  readonly hint?: string
  /** Errors refuse the rules; a warning does not. Left out: error. */
  readonly severity?: 'error' | 'warning'
}

export function inFileOrder(a: Diagnostic, b: Diagnostic): number {
  return a.at.source - b.at.source || a.at.offset - b.at.offset
}

/** One file, decoded as latin1 so that a character is a byte; `path` is what messages show. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly line_starts: readonly number[]
}

/** Every file that a rule set is made of; a Place's `source` is an index into it. */
export class SourceSet {
  readonly sources: Source[] = []
  /** The line found last: most places follow each other. */
  private last_line = 0

  /** Adds a file and returns its index. */
  add(path: string, text: string): number {
    const line_starts = [0]
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) line_starts.push(i + 1)
    return this.sources.push({ path, text, line_starts }) - 1
  }

  /** The place of [start, end) in a source; clipped so that it always lies inside the file. */
  place(source: number, start: number, end: number): Place {
    const { text, line_starts } = this.sources[source]
    const offset = Math.min(Math.max(start, 0), text.length)
    let line = this.last_line
    if (!(line_starts[line] <= offset) || line_starts[line + 1] <= offset) line = this.last_line = lastAtOrBefore(line_starts, offset)
    const length = Math.max(Math.min(end, text.length) - offset, 0)
    return { source, offset, length, line: line + 1, column: offset - line_starts[line] + 1 }
  }
}

/** Line and column behind a place. */
export function endOf(at: Place, sources: SourceSet): { line: number; column: number } {
  const { line_starts } = sources.sources[at.source]
  const end = at.offset + at.length
  const line = lastAtOrBefore(line_starts, end)
  return { line: line + 1, column: end - line_starts[line] + 1 }
}

/** Index of the last of the ascending `starts` that is not above `offset`. */
export function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle] <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** `path:line:col message`, the source line, a caret line, and the hint. */
export function formatDiagnostic(diagnostic: Diagnostic, sources: SourceSet): string {
  const { at, message, severity } = diagnostic
  const path = sources.sources[at.source].path
  const kind = severity === 'warning' ? 'warning: ' : ''
  return `${path}:${at.line}:${at.column} ${kind}${printable(message)}\n${formatExcerpt(diagnostic, sources)}`
}

/** The source line with a caret line below and the hint, each indented by four. */
export function formatExcerpt({ at, hint }: Diagnostic, sources: SourceSet): string {
  const { line, before, marked } = window(at, sources)
  const pad = printable(before).replace(/[^\t]/g, ' ')
  const caret = '^' + '~'.repeat(Math.max(printable(marked).length - 1, 0))
  const advice = hint === undefined ? '' : `\n    hint: ${printable(hint)}`
  return `    ${printable(line)}\n    ${pad}${caret}${advice}`
}

const WINDOW = 160

/** The part of the line around the place that fits a terminal. */
function window(at: Place, sources: SourceSet): { line: string; before: string; marked: string } {
  const { text, line_starts } = sources.sources[at.source]
  const start = line_starts[at.line - 1]
  const next = line_starts[at.line] ?? text.length + 1
  const whole = text.slice(start, next - 1).replace(/\r$/, '')
  const column = Math.min(at.column - 1, whole.length)
  const from = column > WINDOW - 40 ? column - 40 : 0
  const to = Math.min(whole.length, from + WINDOW)
  const line = whole.slice(from, to)
  return { line, before: whole.slice(from, column), marked: whole.slice(column, Math.min(column + at.length, to)) }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Source bytes for a terminal: UTF-8 where they are, and no control character that could drive it. */
export function printable(bytes: string): string {
  // oxlint-disable-next-line no-control-regex
  return bytes.replace(/[\x80-\xff]+/g, decoded).replace(/[\0-\x08\x0a-\x1f\x7f-\x9f]/g, '?')
}

function decoded(bytes: string): string {
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    // Not UTF-8: show it as latin1.
    return bytes
  }
}

/** `did you mean 'x'?`, or undefined when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(name, candidates)
  return found === undefined ? undefined : `did you mean '${found}'?`
}
