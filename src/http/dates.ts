import { COMMA, SP } from './bytes.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const lower_days = DAYS.map((day) => day.toLowerCase())
const lower_long_days = LONG_DAYS.map((day) => day.toLowerCase())
const lower_months = MONTHS.map((month) => month.toLowerCase())

/** Two-digit years are read against this when the caller gives no time. */
const DEFAULT_NOW_MS = Date.UTC(2026, 0, 1)

/**
 * HTTP-date in its three forms (RFC 9110 section 5.6.7) as ms since 1970, or NaN. Strict in every position except letter case
 * (RFC 9111 section 4.2 asks caches to ignore it); the weekday must be one but need not be the right one. `now_ms` places the
 * two-digit years of RFC 850: never more than 50 years ahead.
 */
export function parseHttpDate(text: string, now_ms: number = DEFAULT_NOW_MS): number {
  if (text.charCodeAt(3) === COMMA) return text.length === 29 ? rememberedDate(text) : NaN
  if (text.charCodeAt(3) === SP) return text.length === 24 ? asctime(text) : NaN
  return text.length >= 30 && text.length <= 33 ? rfc850(text, now_ms) : NaN
}

/** A date is asked for several times, and every response of a second has the same: the last one for each digit of the second. */
const date_texts = Array<string>(16).fill('')
const dates_ms = new Float64Array(16)

function rememberedDate(text: string): number {
  const slot = text.charCodeAt(24) & 15
  if (date_texts[slot] === text) return dates_ms[slot]
  date_texts[slot] = text
  return (dates_ms[slot] = imfFixdate(text))
}

/** "Sun, 06 Nov 1994 08:49:37 GMT" */
function imfFixdate(text: string): number {
  if (!isDay(text) || !isSpace(text, 4) || !isSpace(text, 7) || !isSpace(text, 11) || !isSpace(text, 16) || !endsInGmt(text, 25)) return NaN
  return compose(digits(text, 12, 4), monthAt(text, 8), digits(text, 5, 2), text, 17)
}

/** "Sun Nov  6 08:49:37 1994" */
function asctime(text: string): number {
  if (!isDay(text) || !isSpace(text, 7) || !isSpace(text, 10) || !isSpace(text, 19)) return NaN
  const day = isSpace(text, 8) ? digits(text, 9, 1) : digits(text, 8, 2)
  return compose(digits(text, 20, 4), monthAt(text, 4), day, text, 11)
}

/** "Sunday, 06-Nov-94 08:49:37 GMT" */
function rfc850(text: string, now_ms: number): number {
  const comma = text.indexOf(',')
  if (comma < 0 || text.length !== comma + 24 || !lower_long_days.includes(text.slice(0, comma).toLowerCase())) return NaN
  const at = comma + 2
  if (!isSpace(text, comma + 1) || text[at + 2] !== '-' || text[at + 6] !== '-' || !isSpace(text, at + 9) || !endsInGmt(text, at + 18))
    return NaN
  const day = digits(text, at, 2)
  const month = monthAt(text, at + 3)
  const now_year = new Date(now_ms).getUTCFullYear()
  let year = now_year - (now_year % 100) + digits(text, at + 7, 2)
  if (year > now_year + 50) year -= 100
  else if (year + 100 <= now_year + 50) year += 100
  return compose(year, month, day, text, at + 10)
}

/** Date and the "08:49:37" at `at` put together; NaN if any part is out of its range. */
function compose(year: number, month: number, day: number, text: string, at: number): number {
  const hour = digits(text, at, 2)
  const minute = digits(text, at + 3, 2)
  const second = digits(text, at + 6, 2)
  if (text[at + 2] !== ':' || text[at + 5] !== ':' || month < 0) return NaN
  // 60: a leap second. Comparisons are written so that NaN fails them.
  if (!(day >= 1 && day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 60)) return NaN
  const date_ms = Date.UTC(year, month, day, hour, minute, second)
  // Date.UTC takes years 0 to 99 for 1900 to 1999.
  return year >= 100 ? date_ms : new Date(date_ms).setUTCFullYear(year)
}

function daysIn(year: number, month: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

function isDay(text: string): boolean {
  return lower_days.includes(text.slice(0, 3).toLowerCase())
}

function monthAt(text: string, at: number): number {
  return lower_months.indexOf(text.slice(at, at + 3).toLowerCase())
}

function isSpace(text: string, at: number): boolean {
  return text.charCodeAt(at) === SP
}

/** " GMT" and nothing behind. */
function endsInGmt(text: string, at: number): boolean {
  return text.slice(at).toLowerCase() === ' gmt'
}

function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return NaN
    value = value * 10 + digit
  }
  return value
}

let formatted_second = NaN
let formatted = ''

/** Years have four digits. */
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000

/** IMF-fixdate, of the nearest time that has one. Every response of one second shares one string. */
export function formatHttpDate(epoch_ms: number): string {
  const second = epoch_ms >= 0 ? Math.min(Math.floor(epoch_ms / 1000), LAST_SECOND) : 0
  if (second === formatted_second) return formatted
  formatted = new Date(second * 1000).toUTCString()
  formatted_second = second
  return formatted
}
