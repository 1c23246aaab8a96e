import { parseHttpDate } from '../../../http/dates.ts'
import { VclFailure } from '../../runtime/failure.ts'

// How std reads numbers out of strings: measured against varnishd 7.1, see test/unit/vcl/std.test.ts.

/** At most 12 digits before the point, any behind it; white space around, no plus sign, no exponent. */
const REAL = /^[ \t]*(-?)([0-9]{0,12})(?:\.([0-9]*))?[ \t]*([a-z]*)[ \t]*$/
const BYTES = /^[ \t]*([0-9]{1,15})(?:\.([0-9]{1,3}))?[ \t]*(?:([kmgtp])b?|b|)[ \t]*$/i
const INTEGER = /^[ \t]*-?[0-9]{1,15}[ \t]*$/

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }

export function integerOf(text: string | undefined): number | undefined {
  // `+ 0` makes of -0 what it prints as.
  if (text !== undefined && INTEGER.test(text)) return Number(text) + 0
  const real = realOf(text)
  return real !== undefined && Number.isInteger(real) ? real + 0 : undefined
}

/** Digits behind the third are cut off, not rounded. */
export function realOf(text: string | undefined): number | undefined {
  const match = REAL.exec(text ?? '')
  return match === null || match[4] !== '' ? undefined : decimal(match[1], match[2], match[3])
}

/** Seconds; the unit is mandatory and in lower case. */
export function durationOf(text: string | undefined): number | undefined {
  const match = REAL.exec(text ?? '')
  if (match === null || !Object.hasOwn(SECONDS, match[4])) return undefined
  const value = decimal(match[1], match[2], match[3])
  return value === undefined ? undefined : value * SECONDS[match[4]]
}

/** Bytes; K, M, G, T, P in either case, each with or without B, or B alone, or nothing. */
export function bytesOf(text: string | undefined): number | undefined {
  const match = BYTES.exec(text ?? '')
  if (match === null) return undefined
  const power = match[3] === undefined ? 0 : 'kmgtp'.indexOf(match[3].toLowerCase()) + 1
  const bytes = Number(`${match[1]}.${match[2] ?? '0'}`) * 1024 ** power
  return power > 0 || Number.isInteger(bytes) ? Math.floor(bytes) : undefined
}

/** Epoch seconds out of an HTTP date, ISO 8601 without zone, or a number of seconds. */
export function timeOf(text: string | undefined, now_s: number): number | undefined {
  if (text === undefined) return undefined
  const trimmed = text.trim()
  const iso = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$/.test(trimmed)
  const ms = iso ? Date.parse(trimmed + 'Z') : parseHttpDate(trimmed, now_s * 1000)
  // The epoch itself is what Varnish takes for no time; a leap second it takes for the one before.
  if (!Number.isNaN(ms)) return ms > 0 && isItsDay(trimmed, ms) ? (ms - (trimmed.includes(':60') ? 1000 : 0)) / 1000 : undefined
  const seconds = realOf(text)
  return seconds !== undefined && seconds > 0 ? seconds : undefined
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** A date that names another day than its own is none. */
function isItsDay(text: string, ms: number): boolean {
  const named = DAYS.indexOf(text.slice(0, 3))
  return named < 0 || named === new Date(ms - (text.includes(':60') ? 1000 : 0)).getUTCDay()
}

function decimal(sign: string, whole: string, fraction: string | undefined): number | undefined {
  if (whole === '' && (fraction ?? '') === '') return undefined
  const value = Number(`${whole || '0'}.${(fraction ?? '').slice(0, 3) || '0'}`)
  return sign === '-' ? 0 - value : value
}

/** As C's round(): halves away from zero. */
export function roundAway(value: number): number {
  return value < 0 ? 0 - Math.round(-value) : Math.round(value)
}

/** What VCL's INT can hold and JavaScript keep apart. */
export function inRange(value: number): number | undefined {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : undefined
}

/** The converted value, else the fallback, else the rules fail. */
export function orFallback<T>(name: string, value: T | undefined, fallback: T | undefined): T {
  const result = value ?? fallback
  if (result === undefined) throw new VclFailure(`std.${name}: conversion failed`)
  return result
}

/** Exactly one of the sources may be given; an unset string counts as given when nothing else is. */
export function onlyOne(name: string, sources: readonly unknown[]): void {
  if (sources.filter((source) => source !== undefined).length > 1) throw new VclFailure(`std.${name}: too many arguments`)
}
