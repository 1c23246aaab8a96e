import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import { Remembered } from '../http/remembered.ts'
import type { OriginParameters } from './options.ts'

const SPACE = 0x20
const TAB = 0x09
const DELETE = 0x7f

/** What is wrong with a response begins so when http_max_hdr was exceeded. */
export const TOO_MANY_LINES = 'more than http_max_hdr'

/** Reads undici's raw field lines into `fields`; the name of what is wrong with them, or undefined. */
export function readFields(raw: readonly Buffer[], fields: Fields, limits: OriginParameters): string | undefined {
  if (raw.length > limits.http_max_hdr * 2) return `${TOO_MANY_LINES} (${limits.http_max_hdr}) field lines`
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]
    const value = raw[i + 1]
    if (name.length + value.length + 2 > limits.http_resp_hdr_len)
      return `a field line exceeds http_resp_hdr_len (${limits.http_resp_hdr_len})`
    addLine(fields, name, value)
  }
  return undefined
}

const names = new Remembered()
const values = new Remembered()

function addLine(fields: Fields, name: Buffer, value: Buffer): void {
  const end = trimmedLength(value)
  const known_value = values.find(value, end)
  const text = known_value < 0 ? value.toString('latin1', 0, end) : values.texts[known_value]
  const known_name = names.find(name, name.length)
  if (known_name < 0) fields.append(name.toString('latin1'), text)
  else fields.appendKeyed(names.texts[known_name], names.keys[known_name], text)
}

/** llhttp leaves trailing whitespace in the value (RFC 9112 section 5). */
function trimmedLength(value: Buffer): number {
  let end = value.length
  while (end > 0 && (value[end - 1] === SPACE || value[end - 1] === TAB)) end--
  return end
}

/** RFC 9112 section 4: tab, space, visible characters, obs-text. */
export function isReason(reason: string): boolean {
  for (let i = 0; i < reason.length; i++) {
    const code = reason.charCodeAt(i)
    if ((code < SPACE && code !== TAB) || code === DELETE) return false
  }
  return true
}

/** Digits only, of a number that is exact; else CONTRADICTORY. */
function wholeNumber(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return CONTRADICTORY
    value = value * 10 + digit
  }
  return text !== '' && Number.isSafeInteger(value) ? value : CONTRADICTORY
}

export const UNKNOWN_LENGTH = -1
/** Framing that two readers could read differently. */
export const CONTRADICTORY = -2

/**
 * Body length as declared (RFC 9112 section 6.3), UNKNOWN_LENGTH or CONTRADICTORY. llhttp already refuses most of
 * what is refused here; what it lets through is an unknown transfer coding, which it reads as "until close".
 */
export function declaredLength(head: ResponseHead): number {
  const { fields } = head
  const length = fields.combined('content-length')
  const codings = fields.combined('transfer-encoding')
  if (codings !== undefined) return length === undefined && codings.toLowerCase() === 'chunked' ? UNKNOWN_LENGTH : CONTRADICTORY
  return length === undefined ? UNKNOWN_LENGTH : wholeNumber(length)
}
