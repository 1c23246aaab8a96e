/** ASCII only: everything else in a latin1 string is a byte of something. */
export function toUpper(text: string): string {
  return /[a-z]/.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text
}

export function toLower(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
}

/** Query parameters in byte order; duplicates stay, empty ones go. */
export function querySort(url: string): string {
  const query = url.indexOf('?')
  if (query < 0 || isSorted(url, query + 1)) return url
  const parameters = url
    .slice(query + 1)
    .split('&')
    .filter((parameter) => parameter !== '')
  return url.slice(0, query + 1) + parameters.sort().join('&')
}

/** Are the parameters behind `from` in order, and none empty? Most URLs have been put right by those who made them. */
function isSorted(url: string, from: number): boolean {
  let before = from
  for (let end = url.indexOf('&', from); end >= 0; end = url.indexOf('&', end + 1)) {
    if (end === before || !inOrder(url, before, end)) return false
    before = end + 1
  }
  return before < url.length
}

/** The parameter at `before` and the one behind the `&` at `end`, byte by byte. */
function inOrder(url: string, before: number, end: number): boolean {
  for (let i = 0; before + i < end; i++) {
    const at = end + 1 + i
    const [a, b] = [url.charCodeAt(before + i), at < url.length ? url.charCodeAt(at) : AMPERSAND]
    if (b === AMPERSAND) return false
    if (a !== b) return a < b
  }
  return true
}

const AMPERSAND = 0x26

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June']
const LATER_MONTHS = ['July', 'August', 'September', 'October', 'November', 'December']
const ALL_MONTHS = [...MONTHS, ...LATER_MONTHS]

type Conversion = (date: Date) => string

const two = (value: number) => String(value).padStart(2, '0')
const blank = (value: number) => String(value).padStart(2, ' ')
const hour12 = (date: Date) => date.getUTCHours() % 12 || 12
const midnight = (date: Date) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
const yearDay = (date: Date) => (midnight(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000
/** Weeks of the year that begin on `first` (0 Sunday, 1 Monday). */
const weekOf = (date: Date, first: number) => Math.floor((yearDay(date) + 7 - ((date.getUTCDay() - first + 7) % 7)) / 7)
/** The Thursday of its ISO week names the year a date belongs to. */
const isoThursday = (date: Date) => new Date(midnight(date) + (4 - (date.getUTCDay() || 7)) * 86_400_000)
const dayMonth = (d: Date) => `${two(d.getUTCMonth() + 1)}/${two(d.getUTCDate())}/${two(d.getUTCFullYear() % 100)}`
const clock = (d: Date) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`

/** strftime(3) in the C locale and UTC. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  '%': () => '%',
  a: (d) => DAYS[d.getUTCDay()].slice(0, 3),
  A: (d) => DAYS[d.getUTCDay()],
  b: (d) => ALL_MONTHS[d.getUTCMonth()].slice(0, 3),
  B: (d) => ALL_MONTHS[d.getUTCMonth()],
  c: (d) => strftime(d, '%a %b %e %H:%M:%S %Y'),
  C: (d) => two(Math.floor(d.getUTCFullYear() / 100)),
  d: (d) => two(d.getUTCDate()),
  D: dayMonth,
  e: (d) => blank(d.getUTCDate()),
  F: (d) => `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`,
  g: (d) => two(isoThursday(d).getUTCFullYear() % 100),
  G: (d) => String(isoThursday(d).getUTCFullYear()),
  h: (d) => ALL_MONTHS[d.getUTCMonth()].slice(0, 3),
  H: (d) => two(d.getUTCHours()),
  I: (d) => two(hour12(d)),
  j: (d) => String(yearDay(d) + 1).padStart(3, '0'),
  k: (d) => blank(d.getUTCHours()),
  l: (d) => blank(hour12(d)),
  m: (d) => two(d.getUTCMonth() + 1),
  M: (d) => two(d.getUTCMinutes()),
  n: () => '\n',
  p: (d) => (d.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: (d) => (d.getUTCHours() < 12 ? 'am' : 'pm'),
  r: (d) => strftime(d, '%I:%M:%S %p'),
  R: (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
  s: (d) => String(Math.floor(d.getTime() / 1000)),
  S: (d) => two(d.getUTCSeconds()),
  t: () => '\t',
  T: clock,
  u: (d) => String(d.getUTCDay() || 7),
  U: (d) => two(weekOf(d, 0)),
  V: (d) => two(Math.floor(yearDay(isoThursday(d)) / 7) + 1),
  w: (d) => String(d.getUTCDay()),
  W: (d) => two(weekOf(d, 1)),
  x: dayMonth,
  X: clock,
  y: (d) => two(d.getUTCFullYear() % 100),
  Y: (d) => String(d.getUTCFullYear()),
  z: () => '+0000',
  Z: () => 'GMT',
}

/** What it does not know stays as it is written. E and O ask for other forms, which the C locale has not. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%[EO]?([%A-Za-z])/g, (whole, letter: string) =>
    Object.hasOwn(CONVERSIONS, letter) ? CONVERSIONS[letter](date) : whole,
  )
}
