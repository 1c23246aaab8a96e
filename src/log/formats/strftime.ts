/** strftime(3) in the C locale and the time zone of the process. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** What a letter stands for; a number is padded to so many digits with zeros or blanks. */
type Conversion = (time: Date) => string | { readonly value: number; readonly digits: number; readonly pad?: ' ' }

const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  a: (time) => DAYS[time.getDay()].slice(0, 3),
  A: (time) => DAYS[time.getDay()],
  b: (time) => MONTHS[time.getMonth()].slice(0, 3),
  B: (time) => MONTHS[time.getMonth()],
  C: (time) => digits(Math.floor(time.getFullYear() / 100), 2),
  d: (time) => digits(time.getDate(), 2),
  e: (time) => ({ value: time.getDate(), digits: 2, pad: ' ' }),
  g: (time) => digits(weekYear(time).year % 100, 2),
  G: (time) => digits(weekYear(time).year, 1),
  H: (time) => digits(time.getHours(), 2),
  I: (time) => digits(twelve(time), 2),
  j: (time) => digits(dayOfYear(time) + 1, 3),
  k: (time) => ({ value: time.getHours(), digits: 2, pad: ' ' }),
  l: (time) => ({ value: twelve(time), digits: 2, pad: ' ' }),
  m: (time) => digits(time.getMonth() + 1, 2),
  M: (time) => digits(time.getMinutes(), 2),
  n: () => '\n',
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  P: (time) => (time.getHours() < 12 ? 'am' : 'pm'),
  s: (time) => digits(Math.floor(time.getTime() / 1000), 1),
  S: (time) => digits(time.getSeconds(), 2),
  t: () => '\t',
  u: (time) => digits(time.getDay() === 0 ? 7 : time.getDay(), 1),
  U: (time) => digits(Math.floor((dayOfYear(time) + 7 - time.getDay()) / 7), 2),
  V: (time) => digits(weekYear(time).week, 2),
  w: (time) => digits(time.getDay(), 1),
  W: (time) => digits(Math.floor((dayOfYear(time) + 7 - ((time.getDay() + 6) % 7)) / 7), 2),
  y: (time) => digits(time.getFullYear() % 100, 2),
  Y: (time) => digits(time.getFullYear(), 1),
  z: zoneOffset,
  Z: zoneName,
  '%': () => '%',
}

/** `%`, flags of glibc, a width, a modifier that the C locale has no use for, and the letter. */
const SPECIFIER = /%([-_0^#+]*)([0-9]{0,3})[EO]?([A-Za-z%])/g

export function strftime(format: string, time: Date): string {
  return format.replaceAll(SPECIFIER, (whole, flags: string, width: string, letter: string) => {
    const composed = COMPOSED[letter]
    if (composed !== undefined) return flagged({ text: strftime(composed, time), pad: ' ' }, flags, Number(width))
    const conversion = CONVERSIONS[letter]
    return conversion === undefined ? whole : flagged(padded(conversion(time), flags), flags, Number(width))
  })
}

interface Padded {
  readonly text: string
  readonly pad: ' ' | '0'
}

function digits(value: number, count: number): { value: number; digits: number } {
  return { value, digits: count }
}

function padded(converted: ReturnType<Conversion>, flags: string): Padded {
  if (typeof converted === 'string') return { text: converted, pad: flags.includes('0') ? '0' : ' ' }
  const { value, digits: count, pad: own = '0' } = converted
  const pad = flags.includes('_') ? ' ' : flags.includes('0') ? '0' : own
  const text = flags.includes('-') ? String(Math.abs(value)) : String(Math.abs(value)).padStart(count, pad)
  return { text: value < 0 ? `-${text}` : text, pad }
}

function flagged({ text, pad }: Padded, flags: string, width: number): string {
  const upper = flags.includes('^') ? text.toUpperCase() : text
  const swapped = flags.includes('#') ? (text === 'AM' || text === 'PM' ? text.toLowerCase() : text.toUpperCase()) : upper
  return swapped.padStart(width, pad)
}

function twelve(time: Date): number {
  return time.getHours() % 12 === 0 ? 12 : time.getHours() % 12
}

/** From 0. Counted at noon of each day in UTC: no hour is lost to summer time. */
function dayOfYear(time: Date): number {
  return (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - Date.UTC(time.getFullYear(), 0, 1)) / 86_400_000
}

/** ISO 8601: the week belongs to the year that its Thursday is in. */
function weekYear(time: Date): { year: number; week: number } {
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 4 - (time.getDay() === 0 ? 7 : time.getDay()))
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 }
}

function zoneOffset(time: Date): string {
  const minutes = -time.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}${String(size % 60).padStart(2, '0')}`
}

/** What a zone is called for short depends on who asks: the first answer that is a name. */
const ASKING = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA', 'en-NZ']

function zoneName(time: Date): string {
  const names = ASKING.map((locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(time).at(-1)?.value ?? '')
  return names.find((name) => !/^(?:GMT|UTC)[+-]/.test(name)) ?? names[0]
}
