import { parseIp, type Ip } from '../../base/ip.ts'
import { parseBytes, parseDuration, parseInteger } from '../../base/units.ts'
import { reasonPhrase } from '../../http/status.ts'
import type { Place } from '../../vcl/ast.ts'
import type { Answer, FieldLine, Named, OriginFailure, OriginStep, RequestStep } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { ATTACHED } from './words.ts'

/** Who asks when nobody is named: an address that no rule file knows (RFC 5737). */
const STRANGER = parseIp('203.0.113.9', 50_000)!
const TIMES_MAX = 1000
const BODY_MAX = 16 * 2 ** 20
const FAILURES: readonly string[] = ['refused', 'unreachable', 'timeout', 'closed', 'malformed']
const MODIFIERS = ['for', 'method', 'if', 'once']
const IS_METHOD = /^[A-Z][A-Z-]*$/

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A message that the lines below it add to. */
export interface Open {
  readonly fields: FieldLine[]
  readonly request: Mutable<RequestStep> | undefined
  readonly answer: Mutable<Answer> | undefined
}

export function isMethod(word: string): boolean {
  return IS_METHOD.test(word)
}

/** METHOD URL [HTTP/1.0] [from IP] [times NUMBER] */
export function parseRequest(line: Cursor, at: Place, client: string | undefined): [RequestStep, Open] {
  const method = line.word('a method, such as GET')
  if (!isMethod(method.text)) line.fail(`'${method.text}' is not a method`, 'methods are written in capitals', method.at)
  const url = line.word('the URL, such as /')
  const proto = line.take('HTTP/1.0') ? 'HTTP/1.0' : 'HTTP/1.1'
  const ip = line.take('from') ? parseAddress(line) : STRANGER
  const times = client === undefined && line.take('times') ? readTimes(line) : 1
  line.finish()
  const fields: FieldLine[] = []
  const request: Mutable<RequestStep> = {
    kind: 'request',
    at,
    client,
    method: method.text,
    url: url.text,
    proto,
    ip,
    fields,
    body: undefined,
    times,
  }
  return [request, { fields, request, answer: undefined }]
}

function readTimes(line: Cursor): number {
  const word = line.word('how many times')
  const times = parseInteger(word.text)
  return times !== undefined && times >= 1 && times <= TIMES_MAX
    ? times
    : line.fail(`expected a number from 1 to ${TIMES_MAX}`, undefined, word.at)
}

function parseAddress(line: Cursor): Ip {
  const word = line.word('the address of the client')
  return parseIp(word.text, 50_000) ?? line.fail(`'${word.text}' is not an IP address`, undefined, word.at)
}

/** [BACKEND] WHAT [modifiers], behind `origin`. */
export function parseOrigin(line: Cursor, at: Place): [OriginStep, Open] {
  const first = line.word('a status, such as 200, or how the origin fails')
  const named = !isOutcome(first.text)
  const what = named ? line.word(`what ${first.text} answers: a status, such as 200, or ${FAILURES.join(' ')}`) : first
  if (!isOutcome(what.text)) line.unknown('expected a status of three digits or a failure, not', what, FAILURES)
  const fields: FieldLine[] = []
  const answer = newAnswer(what.text, fields)
  if (line.atQuote) answer.reason = line.quoted()
  while (!line.done) parseModifier(line, answer)
  return [
    { kind: 'origin', at, backend: named ? first : undefined, answer },
    { fields, request: undefined, answer },
  ]
}

function isOutcome(word: string): boolean {
  return /^[1-9][0-9]{2}$/.test(word) || FAILURES.includes(word)
}

/** `what`: a status, or how the origin fails. */
export function newAnswer(what: string, fields: FieldLine[]): Mutable<Answer> {
  const failure = FAILURES.includes(what) ? (what as OriginFailure) : undefined
  const status = failure === undefined ? Number(what) : 0
  return {
    failure,
    status,
    reason: failure === undefined ? reasonPhrase(status) : '',
    fields,
    body: undefined,
    chunked: false,
    delay_ms: 0,
    breaks_after: undefined,
    once: false,
    url: undefined,
    method: undefined,
    field: undefined,
  }
}

function parseModifier(line: Cursor, answer: Mutable<Answer>): void {
  const word = line.word('for, method, if or once')
  switch (word.text) {
    case 'once':
      answer.once = true
      return
    case 'for':
      answer.url = globPattern(line.word('the URL it is for; * stands for any text').text)
      return
    case 'method':
      answer.method = line.word('the method it is for').text
      return
    case 'if': {
      const [name, ...value] = line.word('the field it is for, NAME or NAME=VALUE').text.split('=')
      answer.field = { key: name.toLowerCase(), value: value.length === 0 ? undefined : value.join('=') }
      return
    }
    default:
      line.unknown('unknown', word, MODIFIERS)
  }
}

function globPattern(glob: string): RegExp {
  const literal = glob.split(/\*+/).map((part) => part.replaceAll(/[.+?^${}()|[\]\\/]/g, '\\$&'))
  return new RegExp(`^${literal.join('[^]*?')}$`)
}

/** A line below a request or an answer; false when it is something else. */
export function parseAttached(line: Cursor, open: Open | undefined): boolean {
  const word = line.peek()
  const colon = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.exec(word)
  if (colon === null && !ATTACHED.some((row) => row.word === word)) return false
  if (open === undefined) {
    line.fail(
      `${colon === null ? `'${word}'` : 'a field line'} stands below no message`,
      'it belongs below a request or an answer of an origin',
    )
  }
  if (colon === null) parsePart(line, open, line.word('a word'))
  else parseField(line, open, colon[0].length)
  return true
}

function parseField(line: Cursor, open: Open, length: number): void {
  const { text } = line.rest('a field line')
  open.fields.push([text.slice(0, length - 1), text.slice(length).trim()])
}

function parsePart(line: Cursor, { request, answer }: Open, word: Named): void {
  if (word.text === 'body') {
    const body = parseBody(line)
    if (request !== undefined) request.body = body
    if (answer !== undefined) answer.body = body
  } else if (answer === undefined) {
    line.fail(`only an answer of an origin has '${word.text}'`, undefined, word.at)
  } else if (word.text === 'chunked') {
    answer.chunked = true
  } else if (word.text === 'delay') {
    answer.delay_ms = readDuration(line) * 1000
  } else {
    if (!line.take('after')) line.fail("expected 'after' and a number of bytes")
    answer.breaks_after = readSize(line)
  }
  line.finish()
}

function parseBody(line: Cursor): string {
  return line.atQuote ? line.quoted() : 'x'.repeat(readSize(line))
}

function readSize(line: Cursor): number {
  const word = line.word('a text in quotes or a size, such as 100k')
  const bytes = parseBytes(word.text)
  if (bytes === undefined) return line.fail(`'${word.text}' is neither a text in quotes nor a size such as 100k`, undefined, word.at)
  return bytes <= BODY_MAX ? bytes : line.fail('a body in a test has at most 16M', undefined, word.at)
}

export function readDuration(line: Cursor): number {
  const word = line.word('a duration, such as 10s')
  const seconds = parseDuration(word.text)
  if (seconds === undefined || seconds < 0)
    return line.fail(`'${word.text}' is not a duration such as 10s, 1.5m or 100ms`, undefined, word.at)
  return seconds
}
