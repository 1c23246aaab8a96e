import { Ip } from '../../base/ip.ts'
import { formatHttpDate } from '../../http/dates.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/message.ts'
import { reasonPhrase } from '../../http/status.ts'
import type { BackendContext, CommonContext, VclStevedore } from './context.ts'
import { VclFailure } from './failure.ts'

/** What emitted code calls for conversions, comparisons and guarded writes. Names are those of the tables in check/. */

/** Beyond this numbers are not exact, and would be written with an exponent. */
const MAX_NUMBER = 1e15

function inRange(value: number): number {
  if (!(Math.abs(value) < MAX_NUMBER)) throw new VclFailure('a number is too large to be written')
  return value
}

export function intText(value: number): string {
  return String(inRange(value))
}

/** REAL and DURATION: three decimals, no unit. */
export function realText(value: number): string {
  return inRange(value).toFixed(3)
}

export function timeText(epoch_s: number): string {
  return formatHttpDate(epoch_s * 1000)
}

export function boolText(value: boolean): string {
  return value ? 'true' : 'false'
}

export function ipText(ip: Ip): string {
  return ip.text
}

export function nameText(value: { readonly name: string } | undefined): string | undefined {
  return value?.name
}

export function blobText(bytes: Uint8Array): string {
  return `:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}:`
}

/** A body of the same bytes. */
export function rawText({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

export function blobOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64')
}

/** `set beresp.ttl = -1s` reads back 0; so does what is not a number. */
export function notNegative(seconds: number): number {
  return seconds > 0 ? seconds : 0
}

/** Unset == unset is false for plain strings. */
export function sameText(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a === b
}

/** strcmp; an unset side makes it 1. */
export function compareText(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined || a > b) return 1
  return a < b ? -1 : 0
}

/** Addresses only: ports do not count. */
export function sameIp(a: Ip, b: Ip): boolean {
  const [x, y] = [a.bytes, b.bytes]
  if (x.length !== y.length) return false
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false
  return true
}

export function sameName(a: { readonly name: string } | undefined, b: { readonly name: string } | undefined): boolean {
  return a?.name === b?.name
}

export function makeIp(text: string, bytes: readonly number[]): Ip {
  return new Ip(text, 0, new Uint8Array(bytes))
}

const BOGUS = new Ip('0.0.0.0', 0, new Uint8Array(4))

export function orBogus(ip: Ip | undefined): Ip {
  return ip ?? BOGUS
}

export function divide(a: number, b: number): number {
  if (b === 0) throw new VclFailure('division by zero')
  return a / b
}

export function divideInt(a: number, b: number): number {
  if (b === 0) throw new VclFailure('division by zero')
  return Math.trunc(a / b)
}

export function modulo(a: number, b: number): number {
  if (b === 0) throw new VclFailure('division by zero')
  return a % b
}

/** Of synth and error: what rules see may be above 999, the client gets its last three digits. */
export function madeStatus(status: number): number {
  if (status < 0) throw new VclFailure(`status code (${status}) is negative`)
  if (status > 65_535) throw new VclFailure(`status code (${status}) > 65535`)
  if (status % 1000 < 100) throw new VclFailure(`illegal status code (${status}) (..0##)`)
  return status
}

/** A value longer than this is a fault of the rules; Varnish ends at its workspace. */
const MAX_VALUE_BYTES = 65_536

// Control characters would end the field line; beyond 0xff is no byte (RFC 9110 section 5.5).
// oxlint-disable-next-line no-control-regex
const LINE = /^[\t\x20-\x7e\x80-\xff]*$/
const WORD = /^[\x21-\x7e\x80-\xff]+$/

/** Replaces every line of that name by one; the value is known to have no control characters. */
export function setField(c: CommonContext, fields: Fields, name: string, key: string, value: string): void {
  if (value.length > MAX_VALUE_BYTES) tooLong(c, name, value)
  const i = fields.indexOf(key, 0)
  if (i < 0) fields.appendKeyed(name, key, value)
  else replaceField(c, fields, i, name, value)
  c.head_changes?.note(name, key, value)
  c.fieldSet(fields, name, value)
}

function tooLong(c: CommonContext, name: string, value: string): never {
  c.fieldLost(name, value)
  throw new VclFailure(`${name}: value too long (${value.length} bytes)`)
}

function replaceField(c: CommonContext, fields: Fields, i: number, name: string, value: string): void {
  const key = fields.keys[i]
  if (fields.indexOf(key, i + 1) >= 0) {
    tellUnset(c, fields, key, i)
    return fields.set(name, value)
  }
  c.fieldUnset(fields, fields.names[i], fields.values[i])
  fields.names[i] = name
  fields.values[i] = value
}

/** The same for a value that may come from anywhere. */
export function setFieldGuarded(c: CommonContext, fields: Fields, name: string, key: string, value: string): void {
  setField(c, fields, name, key, line(value, name))
}

export function unsetField(c: CommonContext, fields: Fields, key: string): void {
  const i = fields.indexOf(key, 0)
  if (i < 0) return
  c.head_changes?.note('', key, undefined)
  if (fields.indexOf(key, i + 1) >= 0) {
    tellUnset(c, fields, key, i)
    fields.delete(key)
    return
  }
  c.fieldUnset(fields, fields.names[i], fields.values[i])
  fields.deleteAt(i)
}

function tellUnset(c: CommonContext, fields: Fields, key: string, first: number): void {
  for (let i = first; i >= 0; i = fields.indexOf(key, i + 1)) c.fieldUnset(fields, fields.names[i], fields.values[i])
}

/** Text for a place inside a line: reason phrases, field values. */
export function line(value: string, what: string): string {
  if (!LINE.test(value)) throw new VclFailure(`${what}: control characters are not possible`)
  if (value.length > MAX_VALUE_BYTES) throw new VclFailure(`${what}: value too long (${value.length} bytes)`)
  return value
}

/** Text for a word of the start line: method, target, version. */
export function word(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new VclFailure(`${what} cannot be empty`)
  if (!WORD.test(value)) throw new VclFailure(`${what}: blanks and control characters are not possible`)
  if (value.length > MAX_VALUE_BYTES) throw new VclFailure(`${what}: value too long (${value.length} bytes)`)
  return value
}

/** The same for text that is known to have neither. */
export function notEmpty(value: string, what: string): string {
  if (value === '') throw new VclFailure(`${what} cannot be empty`)
  if (value.length > MAX_VALUE_BYTES) throw new VclFailure(`${what}: value too long (${value.length} bytes)`)
  return value
}

/** Sets the reason as well, as http_SetStatus does. The wire sees status % 1000. */
export function setStatus(head: ResponseHead, status: number): void {
  if (status > 65_535) throw new VclFailure(`status ${status} is above 65535`)
  if (status < 100) throw new VclFailure(`status ${status} is below 100`)
  head.status = status
  head.reason = reasonPhrase(status % 1000)
}

export function theStorage(c: CommonContext, name: string): VclStevedore {
  const storage = c.storage(name)
  if (storage === undefined) throw new VclFailure(`storage.${name} does not exist`)
  return storage
}

/** Unknown names leave the choice as it is. */
export function storageHint(c: BackendContext, name: string | undefined): VclStevedore {
  return (name === undefined ? undefined : c.storage(name)) ?? c.beresp_storage
}

const HAS_UPPER = /[A-Z]/
const HAS_LOWER = /[a-z]/
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\0-\x7f]*$/

/** ASCII only: bytes above 0x7f may be parts of UTF-8. */
export function lower(text: string): string {
  if (!HAS_UPPER.test(text)) return text
  return ASCII.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (run) => run.toLowerCase())
}

export function upper(text: string): string {
  if (!HAS_LOWER.test(text)) return text
  return ASCII.test(text) ? text.toUpperCase() : text.replace(/[a-z]+/g, (run) => run.toUpperCase())
}

export function lowerOrUnset(text: string | undefined): string | undefined {
  return text === undefined ? undefined : lower(text)
}

export function upperOrUnset(text: string | undefined): string | undefined {
  return text === undefined ? undefined : upper(text)
}
