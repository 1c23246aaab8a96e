/**
 * Numbers with units as operators write them: `10s 1.5m 100ms 1d`, `64k 1G 512b 10MB`, `on off`. Every parser takes the
 * whole text or returns undefined; each reads it once from left to right.
 */

interface Unit {
  readonly suffix: string
  readonly factor: number
}

/** In seconds, largest first. The letters are VCL's: m is minutes, y is 365 days. */
const DURATION_UNITS: readonly Unit[] = [
  { suffix: 'y', factor: 31_536_000 },
  { suffix: 'w', factor: 604_800 },
  { suffix: 'd', factor: 86_400 },
  { suffix: 'h', factor: 3600 },
  { suffix: 'm', factor: 60 },
  { suffix: 's', factor: 1 },
  { suffix: 'ms', factor: 0.001 },
]

/** In bytes, powers of 1024 as in Varnish, largest first. */
const BYTE_UNITS: readonly Unit[] = [
  { suffix: 't', factor: 2 ** 40 },
  { suffix: 'g', factor: 2 ** 30 },
  { suffix: 'm', factor: 2 ** 20 },
  { suffix: 'k', factor: 2 ** 10 },
  { suffix: 'b', factor: 1 },
]

const ZERO = 48
const POINT = 46
const MAX_DIGITS = 15

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9
}

/** Index after `digits[.digits]` with an optional minus, or 0 if the text does not begin with a number. `loose`: also after `.5` and `5.`, as varnishd reads them. */
function numberEnd(text: string, loose: boolean): number {
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  let i = start
  while (isDigit(text.charCodeAt(i))) i++
  const whole = i - start
  if (whole > MAX_DIGITS || (whole === 0 && !loose)) return 0
  if (text.charCodeAt(i) !== POINT) return whole === 0 ? 0 : i
  const point = i++
  while (isDigit(text.charCodeAt(i))) i++
  const fraction = i - point - 1
  return fraction > MAX_DIGITS || (fraction === 0 && (whole === 0 || !loose)) ? 0 : i
}

/** A decimal number, without exponent, sign only as minus; undefined otherwise. */
export function parseNumber(text: string): number | undefined {
  return text !== '' && numberEnd(text, true) === text.length ? Number(text) : undefined
}

/** A whole number of at most 15 digits. */
export function parseInteger(text: string): number | undefined {
  const value = text.includes('.') ? undefined : parseNumber(text)
  return value === 0 ? 0 : value
}

/** Seconds. Units ms s m h d w y; a bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  const end = numberEnd(text, true)
  if (end === 0) return undefined
  const number = Number(text.slice(0, end))
  const suffix = text.slice(end).trim()
  if (suffix === '') return number
  // Dividing keeps 100ms at exactly 0.1.
  if (suffix === 'ms') return number / 1000
  const unit = DURATION_UNITS.find((u) => u.suffix === suffix)
  return unit && number * unit.factor
}

/** Bytes, whole and not negative. Units b k m g t with an optional trailing b, any case; a bare number is bytes. */
export function parseBytes(text: string): number | undefined {
  const end = numberEnd(text, false)
  if (end === 0) return undefined
  const number = Number(text.slice(0, end))
  let suffix = text.slice(end).trim().toLowerCase()
  if (suffix.length === 2 && suffix !== 'bb' && suffix.endsWith('b')) suffix = suffix.slice(0, 1)
  const unit = suffix === '' ? BYTE_UNITS.at(-1) : BYTE_UNITS.find((u) => u.suffix === suffix)
  if (!unit || number < 0) return undefined
  const bytes = Math.round(number * unit.factor)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

export function parseBoolean(text: string): boolean | undefined {
  switch (text.toLowerCase()) {
    case 'on':
    case 'true':
    case 'yes':
    case 'enable':
      return true
    case 'off':
    case 'false':
    case 'no':
    case 'disable':
      return false
    default:
      return undefined
  }
}

/** With the largest unit that leaves a whole number: 90 is "90s", 120 "2m", 0.05 "50ms", 3.5 "3.5s". */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0s'
  if (Number.isInteger(seconds))
    return withUnit(
      seconds,
      DURATION_UNITS.filter((u) => u.suffix.length === 1 && u.suffix !== 'y' && u.suffix !== 'w'),
    )
  const ms = Math.round(seconds * 1000)
  return Math.abs(seconds) < 1 ? `${ms}ms` : `${ms / 1000}s`
}

/** With the largest unit that leaves a whole number: 1048576 is "1M", 1000 "1000b". */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return '0'
  const text = withUnit(bytes, BYTE_UNITS)
  return text.endsWith('b') || text.endsWith('k') ? text : text.toUpperCase()
}

export function formatBoolean(value: boolean): string {
  return value ? 'on' : 'off'
}

function withUnit(value: number, units: readonly Unit[]): string {
  const unit = units.find((u) => value % u.factor === 0)
  return unit ? `${value / unit.factor}${unit.suffix}` : String(value)
}
