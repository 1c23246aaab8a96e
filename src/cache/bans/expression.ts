import { messageOf } from '../../base/errors.ts'
import { nearest } from '../../base/nearest.ts'
import { isToken } from '../../http/list.ts'
import { CompiledPatterns } from './compiled.ts'
import { Pattern } from './pattern.ts'

/**
 * Ban expressions: FIELD OPERATOR ARGUMENT, several of them joined by &&, words separated by blanks. There are no quotes: an argument
 * that is to match a blank is a regular expression with \s. What is accepted is what varnishd 7.1 accepts
 * (test/unit/cache/bans/varnishd.json), and obj.last_hit.
 */

/** Why an expression is no ban. */
export class BanError extends Error {
  override readonly name = 'BanError'
}

export const OPERATORS = ['==', '!=', '~', '!~', '>', '>=', '<', '<='] as const
export type Operator = (typeof OPERATORS)[number]

const OF_TEXT: readonly Operator[] = ['==', '!=', '~', '!~']
const OF_DURATION: readonly Operator[] = ['==', '!=', '>', '>=', '<', '<=']

/** What a test of a duration looks at. */
export type BanDuration = 'obj.ttl' | 'obj.age' | 'obj.grace' | 'obj.keep' | 'obj.last_hit'

const FIELDS = ['req.url', 'req.http.*', 'obj.status', 'obj.http.*', 'obj.ttl', 'obj.age', 'obj.grace', 'obj.keep', 'obj.last_hit']

export interface TextTest {
  readonly subject: 'req.url' | 'req.http' | 'obj.status' | 'obj.http'
  /** Of a field line, in lower case. */
  readonly name: string
  readonly operator: Operator
  readonly argument: string
  /** Of ~ and !~. */
  readonly pattern: Pattern | undefined
}

export interface DurationTest {
  readonly subject: BanDuration
  readonly operator: Operator
  readonly argument_ms: number
}

export type BanTest = TextTest | DurationTest

/** The ban of everything. */
export const ALL_OBJECTS: readonly string[] = ['obj.status', '!=', '0']

/** The longest expression. */
export const EXPRESSION_MAX = 8000
/** Tests of one expression. */
const TESTS_MAX = 100

/** As in VCL and over HTTP. Throws a BanError. */
export function wordsOf(text: string): string[] {
  if (text.length > EXPRESSION_MAX) throw new BanError(`An expression has ${EXPRESSION_MAX} characters at most, this one ${text.length}.`)
  return text.split(/[ \t\r\n\v\f]+/).filter((word) => word !== '')
}

/** As it is kept: words of a command line may hold blanks, none can hold a NUL. */
const BETWEEN = '\0'

export function keptText(words: readonly string[]): string {
  return words.join(BETWEEN)
}

export function keptWords(text: string): string[] {
  return text.split(BETWEEN)
}

/** For people: what has blanks in it stands in quotes, as it was given. */
export function shownText(words: readonly string[]): string {
  return words.map((word) => (/^$|[\s"\\]/.test(word) ? JSON.stringify(word) : word)).join(' ')
}

/** A ban as it is given. Throws a BanError that says what was expected. */
export function parseBan(words: readonly string[]): BanTest[] {
  const tests = parseKept(words, new CompiledPatterns())
  for (const test of tests) if ('pattern' in test && test.pattern !== undefined) checkPattern(test.pattern)
  return tests
}

/** One that was given before: patterns are compiled when they are needed, and `room` is there. */
export function parseKept(words: readonly string[], room: CompiledPatterns): BanTest[] {
  const tests: BanTest[] = []
  if (words.some((word) => word.includes(BETWEEN))) throw new BanError('A NUL cannot be matched.')
  for (let i = 0; ; i += 4) {
    if (tests.length === TESTS_MAX) throw new BanError(`More than ${TESTS_MAX} conditions.`)
    tests.push(parseTest(words, i, room))
    if (i + 3 === words.length) break
    if (words[i + 3] !== '&&') throw new BanError(`Expected && between conditions, found "${words[i + 3]}"${hint(words, i + 3)}`)
  }
  return tests
}

function parseTest(words: readonly string[], at: number, room: CompiledPatterns): BanTest {
  const [field, operator, argument] = [words[at], words[at + 1], words[at + 2]]
  if (field === undefined) throw new BanError(at === 0 ? 'No ban conditions found.' : 'No condition found after &&.')
  if (operator === undefined) throw new BanError(`Expected comparison operator after ${field}.`)
  if (argument === undefined) throw new BanError(`Expected second operand after ${operator}.`)
  switch (field) {
    case 'obj.ttl':
    case 'obj.age':
    case 'obj.grace':
    case 'obj.keep':
    case 'obj.last_hit':
      return { subject: field, operator: oneOf(OF_DURATION, operator), argument_ms: parseDuration(argument) }
    case 'req.url':
    case 'obj.status':
      return textTest(field, '', operator, argument, room)
    default:
      return fieldTest(field, operator, argument, room)
  }
}

function fieldTest(field: string, operator: string, argument: string, room: CompiledPatterns): TextTest {
  const [, subject, name] = /^(req|obj)\.http\.(.*)$/s.exec(field) ?? []
  if (name === undefined) throw new BanError(`Unknown or unsupported field "${field}"${suggestion(field)}`)
  if (!isToken(name)) throw new BanError(name === '' ? `Missing header name: "${field}"` : `No header can have this name: "${field}"`)
  return textTest(subject === 'req' ? 'req.http' : 'obj.http', name.toLowerCase(), operator, argument, room)
}

function textTest(subject: TextTest['subject'], name: string, word: string, argument: string, room: CompiledPatterns): TextTest {
  const operator = oneOf(OF_TEXT, word)
  return { subject, name, operator, argument, pattern: isMatch(operator) ? new Pattern(argument, room) : undefined }
}

function isMatch(operator: string): boolean {
  return operator === '~' || operator === '!~'
}

function checkPattern(pattern: Pattern): void {
  try {
    pattern.check()
  } catch (error) {
    throw new BanError(`Regex compile error: ${messageOf(error)}`)
  }
}

function oneOf(operators: readonly Operator[], word: string): Operator {
  const found = operators.find((operator) => operator === word)
  if (found !== undefined) return found
  throw new BanError(`expected conditional (${operators.slice(0, -1).join(', ')} or ${operators.at(-1)}) got "${word}"`)
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

function parseDuration(word: string): number {
  const [, amount, unit] = /^(-?(?:\d+\.?\d*|\.\d+))(ms|s|m|h|d|w|y)$/.exec(word) ?? []
  if (unit === undefined) throw new BanError(`expected duration <n.nn>[ms|s|m|h|d|w|y] got "${word}"`)
  return Number(amount) * UNIT_MS[unit]
}

/** It asks for the request, too: only a lookup can test it. Of words that are a ban. */
export function asksRequest(words: readonly string[]): boolean {
  return words.some((word, i) => i % 4 === 0 && word.startsWith('req.'))
}

/** It compares with the time of the ban: the same words later say something else. */
export function asksTime(words: readonly string[]): boolean {
  return words.some((word, i) => i % 4 === 0 && (word === 'obj.ttl' || word === 'obj.age' || word === 'obj.last_hit'))
}

/** How many patterns it has. */
export function patternsIn(words: readonly string[]): number {
  return words.filter((word, i) => i % 4 === 1 && isMatch(word)).length
}

function suggestion(field: string): string {
  const meant = nearest(field.toLowerCase(), FIELDS)
  return meant === undefined ? `; possible: ${FIELDS.join(' ')}` : `; did you mean ${meant}?`
}

/** What those mean who write a blank into an argument. */
function hint(words: readonly string[], at: number): string {
  return words[at - 1].startsWith('"') ? '; quotes are taken as they are: match a blank by ~ and \\s' : ''
}
