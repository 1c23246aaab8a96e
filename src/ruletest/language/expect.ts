import { parseDuration, parseNumber } from '../../base/units.ts'
import { isToken } from '../../http/list.ts'
import type { Place } from '../../vcl/ast.ts'
import { RUNNABLE_SUBS } from '../../vcl/check/subs.ts'
import { nearest } from '../../vcl/diagnostic.ts'
import { compileRegex } from '../../pattern/regex.ts'
import { messageOf } from '../../base/errors.ts'
import type { Expectation, ExpectStep, Matcher, Named, Operator } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { ACTIONS, SUBJECTS, subjectText, type SubjectRow } from './subjects.ts'

const OPERATORS: readonly string[] = ['==', '!=', '~', '!~', '<', '<=', '>', '>=']
const RUNNABLE: readonly string[] = RUNNABLE_SUBS
const NOTHING: Matcher = { test: () => false }

/** `expect [not] WHAT ...`, behind `expect`. */
export function parseExpect(line: Cursor, at: Place): ExpectStep {
  const negated = line.take('not')
  const what = line.word('what to look at, such as `hit` or `resp.status`')
  if (what.text in ACTIONS) {
    line.finish()
    return step(at, actionRow(), { at: what.at, text: '' }, { kind: 'action', action: what.text, wanted: !negated })
  }
  const { subject, part } = findSubject(line, what)
  if (subject.kind === 'flag') {
    line.finish()
    return step(at, subject, part, { kind: 'flag', wanted: !negated })
  }
  if (negated) line.fail(`'not' stands in front of ${what.text}, which has a value`, 'write != or !~ or absent behind it', what.at)
  return step(at, subject, part, parseTest(line, subject))
}

function step(at: Place, subject: SubjectRow, part: Named, test: Expectation): ExpectStep {
  return { kind: 'expect', at, subject, part: part.text, part_at: part.at, test }
}

function actionRow(): SubjectRow {
  return SUBJECTS.find((row) => row.kind === 'action')!
}

interface Subject {
  readonly subject: SubjectRow
  readonly part: Named
}

function findSubject(line: Cursor, what: Named): Subject {
  const { at, text } = what
  const plain = SUBJECTS.find((row) => row.part === undefined && row.kind !== 'action' && row.name === text)
  if (plain !== undefined) return { subject: plain, part: { at, text: '' } }
  const long = SUBJECTS.find((row) => row.part !== undefined && text.startsWith(`${row.name}.`) && text.length > row.name.length + 1)
  if (long === undefined) return unknownSubject(line, what)
  const part = behindDot(what, long.name.length + 1)
  if (long.part !== 'header') return { subject: long, part }
  if (!isToken(part.text)) line.fail(`'${part.text}' cannot be the name of a field`, undefined, part.at)
  return { subject: long, part: { at: part.at, text: part.text.toLowerCase() } }
}

function behindDot({ at, text }: Named, length: number): Named {
  return { at: { ...at, offset: at.offset + length, column: at.column + length, length: at.length - length }, text: text.slice(length) }
}

/** The nearest name, or all that begin alike, or all. */
function unknownSubject(line: Cursor, what: Named): never {
  const rows = SUBJECTS.filter((row) => row.kind !== 'action')
  const names = [...Object.keys(ACTIONS), ...rows.map((row) => subjectText(row, 'NAME'))]
  const [family, second, ...rest] = what.text.split('.')
  const meant = rest.length === 0 ? undefined : nearest(`${family}.${second}`, partedNames(rows))
  if (meant !== undefined) line.fail(`there is nothing called '${what.text}'`, `did you mean '${[meant, ...rest].join('.')}'?`, what.at)
  const like = second === undefined ? [] : names.filter((name) => name.startsWith(`${family}.`))
  return line.unknown('there is nothing called', what, like.length > 0 && nearest(what.text, names) === undefined ? like : names)
}

function partedNames(rows: readonly SubjectRow[]): string[] {
  return rows.filter(({ part }) => part !== undefined).map(({ name }) => name)
}

function parseTest(line: Cursor, subject: SubjectRow): Expectation {
  if (line.take('absent')) return presence(line, false)
  if (line.take('present')) return presence(line, true)
  const op = line.word('an operator, absent or present')
  if (!OPERATORS.includes(op.text)) line.unknown('expected an operator, absent or present, not', op, [...OPERATORS, 'absent', 'present'])
  return parseValue(line, subject, op.text as Operator, op.at)
}

function presence(line: Cursor, wanted: boolean): Expectation {
  line.finish()
  return { kind: 'present', wanted }
}

function parseValue(line: Cursor, subject: SubjectRow, op: Operator, at: Place): Expectation {
  const pattern = op === '~' || op === '!~'
  const { here } = line
  const texts = line.atQuote ? quotedTexts(line, subject.kind === 'pieces' && !pattern, pattern) : [line.rest('a value').text]
  const value = { kind: 'compare', at: here, op, texts, number: NaN, matches: NOTHING } as const
  if (pattern) return { ...value, matches: parsePattern(line, texts[0], here) }
  if (subject.kind === 'duration') return { ...value, number: durationOf(line, texts[0], here) }
  if (subject.kind === 'number') return { ...value, number: wholeNumberOf(line, subject, texts[0], here) }
  if (subject.names === 'sub') checkSubs(line, texts[0], here)
  if (op === '==' || op === '!=') return value
  if (subject.kind !== 'text') line.fail(`${op} is not possible for ${subject.name}`, 'possible: == != ~ !~ absent present', at)
  // A field may hold a number: Age, Content-Length.
  return { ...value, number: numberOf(line, texts[0], here) }
}

function numberOf(line: Cursor, text: string, at: Place): number {
  return parseNumber(text) ?? expected(line, 'a number', text, at)
}

function durationOf(line: Cursor, text: string, at: Place): number {
  return parseDuration(text) ?? expected(line, 'a duration such as 10s, 1.5m or 100ms', text, at)
}

/** Statuses and counts. */
function wholeNumberOf(line: Cursor, { name, max = Infinity }: SubjectRow, text: string, at: Place): number {
  const number = numberOf(line, text, at)
  if (number >= 0 && number <= max && Number.isInteger(number)) return number
  return expected(line, `a whole number${max === Infinity ? ' from 0' : `, ${name} being at most ${max}`}`, text, at)
}

function expected(line: Cursor, what: string, text: string, at: Place): never {
  return line.fail(`expected ${what}, not '${text.slice(0, 40)}'`, undefined, at)
}

/** As `calls` has them: without `vcl_`, a space between. */
function checkSubs(line: Cursor, text: string, at: Place): void {
  for (const name of text.split(' ')) {
    if (!RUNNABLE.includes(name)) line.unknown('no sub is called', { at, text: name }, RUNNABLE)
  }
}

function quotedTexts(line: Cursor, several: boolean, raw: boolean): string[] {
  const texts = [line.quoted(raw)]
  if (several) while (line.atQuote) texts.push(line.quoted(raw))
  line.finish()
  return texts
}

function parsePattern(line: Cursor, pattern: string, at: Place): Matcher {
  try {
    return compileRegex(pattern)
  } catch (error) {
    return line.fail(`this pattern cannot be used: ${messageOf(error)}`, undefined, at)
  }
}
