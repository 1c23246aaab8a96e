import { isSfToken, sfString } from '../http/structured.ts'

/** Why a request went on to the origin, RFC 9211 section 2.2. */
export const FWD = {
  /** The operator's rules have it so. */
  bypass: 'bypass',
  /** The method has to reach the origin. */
  method: 'method',
  /** Nothing was stored for the URL. */
  uri_miss: 'uri-miss',
  /** Something was, but for other values of the fields that its Vary names. */
  vary_miss: 'vary-miss',
  /** One of the two. */
  miss: 'miss',
  /** Something fresh was there that the client's Cache-Control does not take. */
  request: 'request',
  /** What was there is no longer fresh, or never was. */
  stale: 'stale',
  /** What was there is only a part. */
  partial: 'partial',
} as const
export type Fwd = (typeof FWD)[keyof typeof FWD]

/** What a fetch came to, for the one who caused it and for all who waited for it. Set while it goes on. */
export class Forwarded {
  /** Of the next hop's response; 0: there was none. */
  status = 0
  /** Did the response go into the store? For who caused the fetch; who waited sees it by the object. */
  stored = false
  /** A word of ours: why it was not stored, or what stands in for it. */
  detail = ''
  /** The response was made here and says nothing of caching (section 2). */
  local = false

  /** To be done again. */
  clear(): void {
    this.status = 0
    this.stored = this.local = false
    this.detail = ''
  }
}

/** What another worker's fetch came to: a 304 that confirmed what is stored. */
export const CONFIRMED: Readonly<Forwarded> = Object.freeze(Object.assign(new Forwarded(), { status: 304 }))

/** A forwarded request as it is told. */
export interface Handling {
  readonly fwd: Fwd
  /** 0: as the response has it. */
  readonly fwd_status: number
  readonly stored: boolean
  /** Undefined: it did not wait for another request's fetch. False: it did, and had to fetch for itself. */
  readonly collapsed: boolean | undefined
  readonly detail: string
}

/** The parameters of a forwarded request, but for key and ttl (sections 2.2 to 2.8). */
export function forwardedText({ fwd, fwd_status, stored, collapsed, detail }: Handling): string {
  let text = `; fwd=${fwd}`
  if (fwd_status > 0) text += `; fwd-status=${fwd_status}`
  if (stored) text += '; stored'
  if (collapsed !== undefined) text += collapsed ? '; collapsed' : '; collapsed=?0'
  return detail === '' ? text : `${text}; detail=${detail}`
}

/** The cache's name in a list member: a Token where it can be one, else a String. */
export function cacheName(name: string): string {
  return isSfToken(name) ? name : sfString(name)
}

/** What is hashed is told with a space for each end of a piece. */
export function keyText(key: string): string {
  return `; key=${sfString(key.replaceAll('\0', ' ').trimEnd())}`
}

/** Whole seconds: an Age and what remains add up to the lifetime, and what is fresh has more than 0. */
export function remaining_s(t_origin_ms: number, ttl_ms: number, now_ms: number): number {
  return Math.ceil((t_origin_ms + ttl_ms - now_ms) / 1000) + 0
}
