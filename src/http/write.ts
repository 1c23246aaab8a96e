import type { Fields } from './fields.ts'
import { isToken } from './list.ts'
import type { RequestHead, ResponseHead } from './message.ts'
import { reasonPhrase } from './status.ts'

/**
 * Status line and field lines as latin1 text, each with its line end, without the empty line that ends the head. Rules may put any
 * text into a head: nothing of it can end a line here, so a response can never be split.
 */
export function responseHeadText(head: ResponseHead): string {
  const status = head.status % 1000
  const reason = head.reason === '' ? reasonPhrase(status) : head.reason
  const { names, values, count } = head.fields
  let text = 'HTTP/1.1 ' + (status < 100 ? '503' : status) + ' ' + (UNSAFE.test(reason) ? clean(reason) : reason) + '\r\n'
  for (let i = 0; i < count; i++) text += LINES.line(i, names[i], values[i])
  return text
}

/** Request line and field lines, the same way. What cannot stand in a target is escaped: a space would end it early. */
export function requestHeadText(head: RequestHead): string {
  const method = isToken(head.method) ? head.method : 'GET'
  return headText(method + ' ', isTarget(head.url) ? head.url : escapeTarget(head.url), ' HTTP/1.1\r\n', head.fields)
}

/** One field line with its line end, to be added to a head text. */
export function fieldLine(name: string, value: string): string {
  return UNSAFE.test(name) || UNSAFE.test(value) ? cleanLine(name, value) : name + ': ' + value + '\r\n'
}

/** The field lines of a text that we wrote, from a place in it: there is nothing to doubt. */
export function appendLines(into: Fields, text: string, from = 0): void {
  for (let end = text.indexOf('\r\n', from); end >= 0; end = text.indexOf('\r\n', from)) {
    const colon = text.indexOf(':', from)
    into.append(text.slice(from, colon), text.slice(colon + 2, end))
    from = end + 2
  }
}

/** Longer values are looked at each time. */
const VALUE_MAX = 256
const PLACES_MAX = 32

/** Lines of responses by their place in them: one has much in common with the one before, and what is the same need not be looked at again. */
class KnownLines {
  private readonly names: string[] = Array<string>(PLACES_MAX).fill('')
  private readonly values: string[] = Array<string>(PLACES_MAX).fill('')
  /** '': it has not come twice. */
  private readonly lines: string[] = Array<string>(PLACES_MAX).fill('')

  line(i: number, name: string, value: string): string {
    if (i >= PLACES_MAX || value.length > VALUE_MAX) return fieldLine(name, value)
    if (this.values[i] !== value || this.names[i] !== name) {
      this.names[i] = name
      this.values[i] = value
      this.lines[i] = ''
      return fieldLine(name, value)
    }
    return this.lines[i] === '' ? (this.lines[i] = inOnePiece(fieldLine(name, value))) : this.lines[i]
  }
}

const LINES = new KnownLines()

/** What is put together from parts is taken apart again whenever it is written. */
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function headText(before: string, text: string, after: string, fields: Fields): string {
  const { names, values, count } = fields
  let head = before + (UNSAFE.test(text) ? clean(text) : text) + after
  for (let i = 0; i < count; i++) head += fieldLine(names[i], values[i])
  return head
}

/**
 * What must not come from outside: CR, LF, NUL, and what is above latin1 (writing "\u010d" as latin1 would put a CR on the wire).
 * One character class, so linear; a third of the cost of a charCodeAt loop (bench/micro/http-parse.ts).
 */
const UNSAFE = /[\r\n\0\u0100-\uffff]/

function isUnsafe(code: number): boolean {
  return code === 0 || code === 10 || code === 13 || code > 255
}

/** A line whose name is no token is left out: what it would mean is up to the reader. */
function cleanLine(name: string, value: string): string {
  return isToken(name) ? name + ': ' + clean(value) + '\r\n' : ''
}

function clean(text: string): string {
  let cleaned = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isUnsafe(code)) cleaned += code > 255 ? '?' : ' '
    else cleaned += text.charAt(i)
  }
  return cleaned
}

function isTarget(url: string): boolean {
  for (let i = 0; i < url.length; i++) if (!isTargetCode(url.charCodeAt(i))) return false
  return url !== ''
}

function isTargetCode(code: number): boolean {
  return code > 32 && code < 127
}

/** Bytes as bytes; rules may also have put characters above latin1 there, which go out as UTF-8. */
function escapeTarget(url: string): string {
  if (url === '') return '/'
  let escaped = ''
  for (const character of url) {
    const code = character.codePointAt(0) ?? 0
    if (isTargetCode(code)) escaped += character
    else
      for (const byte of Buffer.from(character, code < 256 ? 'latin1' : 'utf8')) escaped += '%' + (byte < 16 ? '0' : '') + byte.toString(16)
  }
  return escaped
}
