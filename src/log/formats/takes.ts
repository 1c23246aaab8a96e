import type { Take } from './collector.ts'

/** How values are taken from the text of records. White space is what isspace(3) has in the C locale. */

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 32 || (code >= 9 && code <= 13)
}

/** Without white space around it. */
export function line(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text, start)) start++
  while (start < end && isSpace(text, end - 1)) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** Without white space before it. */
export function fromStart(text: string): string {
  let start = 0
  while (start < text.length && isSpace(text, start)) start++
  return text.slice(start)
}

/** The field of that number, from 1, between white space. */
export function field(number: number): Take {
  return (text) => {
    let at = 0
    for (let count = 1; ; count++) {
      while (at < text.length && isSpace(text, at)) at++
      if (at >= text.length) return undefined
      const start = at
      while (at < text.length && !isSpace(text, at)) at++
      if (count === number) return text.slice(start, at)
    }
  }
}

/** What stands behind the prefix, in whatever case that is. */
export function behind(prefix: string, take: Take = line): Take {
  const wanted = prefix.toLowerCase()
  const { length } = prefix
  return (text) => (text.length >= length && text.slice(0, length).toLowerCase() === wanted ? take(text.slice(length)) : undefined)
}

/** What stands behind the prefix as it is written. */
export function exactlyBehind(prefix: string): Take {
  return (text) => (text.startsWith(prefix) ? line(text.slice(prefix.length)) : undefined)
}

export function path(url: string): string {
  const mark = url.indexOf('?')
  return line(mark === -1 ? url : url.slice(0, mark))
}

/** With its question mark. */
export function query(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : line(url.slice(mark))
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The user of `Authorization: Basic`; undefined when it is not base64. */
export function user(credentials: string): string | undefined {
  const end = credentials.indexOf('=')
  const digits = end === -1 ? credentials : credentials.slice(0, end)
  for (const digit of digits) if (!BASE64.includes(digit)) return undefined
  const text = Buffer.from(digits, 'base64').toString('latin1')
  const stop = text.search(/[:\0]/)
  return stop === -1 ? text : text.slice(0, stop)
}

/** A number that takes the whole text, as strtod(3) reads it but for infinities. */
export function number(text: string): number | undefined {
  const value = /^[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)$/.test(text)
    ? Number(text)
    : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** What the first of them takes that takes anything. */
export function anyOf(...takes: readonly Take[]): Take {
  return (text) => {
    for (const take of takes) {
      const value = take(text)
      if (value !== undefined) return value
    }
    return undefined
  }
}
