import { parseDuration, parseNumber } from '../../base/units.ts'
import type { Place } from '../../vcl/ast.ts'
import { compileRegex } from '../../pattern/regex.ts'
import { messageOf } from '../../base/errors.ts'
import type { Expectation, ExpectStep, Matcher, Named, Operator } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { ACTIONS, SUBJECTS, type SubjectRow } from './subjects.ts'

const OPERATORS: readonly string[] = ['==', '!=', '~', '!~', '<', '<=', '>', '>=']
const NOTHING: Matcher = { test: () => false }

/** `expect [not] WHAT ...`, behind `expect`. */
export function parseExpect(line: Cursor, at: Place): ExpectStep {
  const negated = line.take('not')
  const what = line.word('what to look at, such as `hit` or `resp.status`')
  if (what.text in ACTIONS) {
    line.finish()
    return step(at, actionRow(), '', { kind: 'action', action: what.text, wanted: !negated })
  }
  const [subject, part] = findSubject(line, what)
  if (subject.kind === 'flag') {
    line.finish()
    return step(at, subject, part, { kind: 'flag', wanted: !negated })
  }
  if (negated) line.fail(`'not' stands in front of ${what.text}, which has a value`, 'write != or !~ or absent behind it', what.at)
  return step(at, subject, part, parseTest(line, subject))
}

function step(at: Place, subject: SubjectRow, part: string, test: Expectation): ExpectStep {
  return { kind: 'expect', at, subject, part, test }
}

function actionRow(): SubjectRow {
  return SUBJECTS.find((row) => row.kind === 'action')!
}

function findSubject(line: Cursor, { at, text }: Named): [SubjectRow, string] {
  const plain = SUBJECTS.find((row) => row.part === undefined && row.kind !== 'action' && row.name === text)
  if (plain !== undefined) return [plain, '']
  const long = SUBJECTS.find((row) => row.part !== undefined && text.startsWith(`${row.name}.`) && text.length > row.name.length + 1)
  if (long !== undefined) {
    const part = text.slice(long.name.length + 1)
    return [long, long.part === 'header' ? part.toLowerCase() : part]
  }
  const known = SUBJECTS.filter((row) => row.kind !== 'action').map((row) => (row.part === undefined ? row.name : `${row.name}.NAME`))
  return line.unknown('there is nothing called', { at, text }, [...Object.keys(ACTIONS), ...known])
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
  if (pattern) return { kind: 'compare', op, texts, number: NaN, matches: parsePattern(line, texts[0], here) }
  if (subject.kind === 'duration') return numeric(op, texts, parseDuration(texts[0]), line, 'a duration such as 10s, 1.5m or 100ms', here)
  if (subject.kind === 'number') return numeric(op, texts, parseNumber(texts[0]), line, 'a number', here)
  if (op === '==' || op === '!=') return { kind: 'compare', op, texts, number: NaN, matches: NOTHING }
  if (subject.kind !== 'text') line.fail(`${op} is not possible for ${subject.name}`, 'possible: == != ~ !~ absent present', at)
  // A field may hold a number: Age, Content-Length.
  return numeric(op, texts, parseNumber(texts[0]), line, 'a number', here)
}

function numeric(op: Operator, texts: readonly string[], number: number | undefined, line: Cursor, what: string, at: Place): Expectation {
  if (number === undefined) line.fail(`expected ${what}, not '${texts[0].slice(0, 40)}'`, undefined, at)
  return { kind: 'compare', op, texts, number, matches: NOTHING }
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
