import { Fields } from '../../../src/http/fields.ts'
import { RequestHead, ResponseHead } from '../../../src/http/message.ts'

/** Noon on a day; every test of this folder happens then. */
export const NOON_MS = Date.UTC(2026, 5, 15, 12, 0, 0)
export const S = 1000

/** Field lines written as they travel: 'Name: value'. */
export function fields(...lines: string[]): Fields {
  const made = new Fields()
  for (const line of lines) {
    const colon = line.indexOf(':')
    made.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return made
}

export function lines(of: Fields): string[] {
  return of.names.slice(0, of.count).map((name, i) => `${name}: ${of.values[i]}`)
}

/** HTTP-date so many seconds from noon. */
export function at(offset_s: number): string {
  return new Date(NOON_MS + offset_s * S).toUTCString()
}

export function get(...with_: string[]): RequestHead {
  return request('GET', ...with_)
}

export function request(method: string, ...with_: string[]): RequestHead {
  const head = new RequestHead()
  head.method = method
  head.url = '/'
  head.fields.copyFrom(fields(...with_))
  return head
}

export function response(status: number, ...with_: string[]): ResponseHead {
  const head = new ResponseHead()
  head.status = status
  head.fields.copyFrom(fields(...with_))
  return head
}
