import type { Place } from '../vcl/ast.ts'
import { formatExcerpt, type SourceSet } from '../vcl/diagnostic.ts'
import type { TraceLine } from './engine/trace.ts'
import type { Failure, Outcome, RequestTrace } from './run.ts'
import type { SuiteReport } from './suite.ts'

/** How a report is made up: with colours on a terminal, without elsewhere. */
export interface Style {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
}

export const PLAIN: Style = { good: (text) => text, bad: (text) => text, faint: (text) => text }
export const COLOURED: Style = {
  good: (text) => `\x1b[32m${text}\x1b[0m`,
  bad: (text) => `\x1b[31m${text}\x1b[0m`,
  faint: (text) => `\x1b[2m${text}\x1b[0m`,
}

/** Where the outcome of a statement begins, behind its text. */
const CODE_COLUMN = 56

/** A file's tests, a line each; what failed with its place, and what the rules did. */
export function reportText({ path, rules, sources, outcomes, elsewhere }: SuiteReport, style: Style): string {
  const lines = outcomes.map((outcome) => outcomeText(outcome, sources, style))
  const left_out = elsewhere === 0 ? '' : `  ${elsewhere} left out: for another policy\n`
  return `${path} (${rules})\n${lines.join('')}${left_out}`
}

function outcomeText({ name, policy, failures, traces }: Outcome, sources: SourceSet, style: Style): string {
  const passed = failures.length === 0
  const head = `  ${passed ? style.good('ok  ') : style.bad('FAIL')} ${printable(name)} ${style.faint(`(${policy})`)}\n`
  return (
    head +
    failures.map((failure) => failureText(failure, sources, style)).join('') +
    traces.map((trace) => traceText(trace, sources, style)).join('')
  )
}

function failureText({ at, message }: Failure, sources: SourceSet, style: Style): string {
  return `    ${placeText(at, sources)} ${style.bad(printable(message))}\n${indent(formatExcerpt({ at, message }, sources))}\n`
}

function placeText(at: Place, sources: SourceSet): string {
  return `${sources.sources[at.source].path}:${at.line}:${at.column}`
}

function traceText({ at, request, lines, logged, errors }: RequestTrace, sources: SourceSet, style: Style): string {
  const path = `${sources.sources[at.source].path}:${at.line}`
  const head = `    what the rules did for ${printable(request)} (${path}):\n`
  const width = Math.max(0, ...lines.map((line) => whereText(line).length))
  const body = lines.map((line, i) => lineText(line, lines[i - 1]?.sub, width, style)).join('')
  const notes = [
    ...logged.map((text) => `      std.log: ${printable(text)}\n`),
    ...errors.map((text) => `      error: ${printable(text)}\n`),
  ]
  return head + body + notes.join('')
}

/** The sub on a line of its own, where it is another one: `shop.vcl:27  if (req.url ~ "^/cart") {    is true` */
function lineText(line: TraceLine, before: string | undefined, width: number, style: Style): string {
  const { sub, text, outcome } = line
  const code = printable(text)
  const head = sub === before ? '' : `      ${sub}\n`
  const left = `${head}        ${style.faint(whereText(line).padEnd(width))}  `
  return outcome === '' ? `${left}${code}\n` : `${left}${code.padEnd(CODE_COLUMN)}  ${style.good(printable(outcome))}\n`
}

function whereText({ path, line }: Pick<TraceLine, 'path' | 'line'>): string {
  return `${path.slice(path.lastIndexOf('/') + 1)}:${line}`
}

/** How much of the rules the tests have tried, and what they have not. */
export function coverageText({ rules, coverage }: SuiteReport, style: Style): string {
  const { statements, covered, missed } = coverage
  const count = `${covered} of ${statements} statements ran`
  if (missed.length === 0) return `  ${rules}: ${style.good(count)}\n`
  const width = Math.max(...missed.map((point) => whereText(point).length))
  const lines = missed.map((point) => `    ${style.faint(whereText(point).padEnd(width))}  ${printable(point.text)}\n`)
  return `  ${rules}: ${style.bad(count)}, not these:\n${lines.join('')}`
}

export function coverageJson({ path, rules, coverage }: SuiteReport): string {
  const { statements, covered, missed } = coverage
  return `${JSON.stringify({ file: path, rules, statements, covered, missed: missed.map(({ path: file, line, text }) => ({ file, line, text: utf8(text) })) })}\n`
}

/** The last line: how many of each. */
export function summaryText(reports: readonly SuiteReport[], took_ms: number, style: Style): string {
  const outcomes = reports.flatMap((report) => report.outcomes)
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length
  const count = `${outcomes.length} ${outcomes.length === 1 ? 'test' : 'tests'}`
  return `${count}, ${failed === 0 ? style.good('all passed') : style.bad(`${failed} failed`)} (${Math.round(took_ms)} ms)\n`
}

/** One JSON object a line and test. */
export function reportJson({ path, rules, outcomes }: SuiteReport): string {
  return outcomes
    .map(({ name, policy, at, failures, traces, took_ms }) =>
      JSON.stringify({
        file: path,
        rules,
        test: utf8(name),
        policy,
        line: at.line,
        ok: failures.length === 0,
        ms: Math.round(took_ms * 1000) / 1000,
        failures: failures.map((failure) => ({
          line: failure.at.line,
          column: failure.at.column,
          message: utf8(failure.message),
          expected: failure.expected === undefined ? undefined : utf8(failure.expected),
          got: failure.got === undefined ? undefined : utf8(failure.got),
        })),
        traces: traces.map(({ at: { line }, request, lines, logged, errors }) => ({
          line,
          request: utf8(request),
          steps: lines.map(({ path: file, line: at_line, sub, text, outcome }) => ({
            file,
            line: at_line,
            sub,
            text: utf8(text),
            outcome: utf8(outcome),
          })),
          log: logged.map(utf8),
          errors: errors.map(utf8),
        })),
      }),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Bytes as text: UTF-8 where they are. */
function utf8(bytes: string): string {
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes
  }
}

/** For a terminal: no control character that could drive it. */
function printable(bytes: string): string {
  // oxlint-disable-next-line no-control-regex
  return utf8(bytes).replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}
