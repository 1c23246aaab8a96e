import { type Bounds, CacheControl, DELTA_MAX_S } from './directives.ts'
import { dateOf, has, type Lines, splitList, valuesOf } from './message.ts'
import { isHeuristicallyCacheable } from './statuses.ts'

/** A response as a cache received it: times in ms. */
export interface Received {
  readonly status: number
  readonly lines: Lines
  readonly requested_ms: number
  readonly received_ms: number
  /** Age of a response that a 304 without Age has confirmed since: the text does not say whether it still counts. */
  readonly oldAge?: string
}

/** Freshness lifetime in seconds, section 4.2.1; undefined when the response states none. */
export function statedLifetime(response: Received): Bounds | undefined {
  const said = new CacheControl(response.lines)
  const stated = said.lifetime('s-maxage') ?? said.lifetime('max-age')
  if (stated !== undefined) return stated
  const expires = valuesOf(response.lines, 'expires')
  if (expires.length === 0) return undefined
  const until_ms = dateOf(expires[0], response.received_ms)
  // Section 5.3: a date that is invalid, "0" above all, is in the past.
  if (until_ms === undefined) return { least: 0, most: 0 }
  const most = Math.max(0, (until_ms - madeAt_ms(response)) / 1000)
  return { least: expires.length === 1 ? most : 0, most }
}

/** The same, or what may be guessed (section 4.2.2): a tenth of the time since the last change, and nothing without that. */
export function lifetime(response: Received): Bounds {
  const stated = statedLifetime(response)
  if (stated !== undefined) return stated
  const mayGuess = isHeuristicallyCacheable(response.status) || new CacheControl(response.lines).has('public')
  const modified_ms = dateOf(valuesOf(response.lines, 'last-modified')[0], response.received_ms)
  if (!mayGuess || modified_ms === undefined) return { least: 0, most: 0 }
  return { least: 0, most: Math.max(0, (madeAt_ms(response) - modified_ms) / 10_000) }
}

/** Current age in seconds, section 4.2.3. Dates count whole seconds: of the fraction that they leave open either end will do. */
export function currentAge(response: Received, now_ms: number): Bounds {
  const resident = (now_ms - response.received_ms) / 1000
  const delay = (response.received_ms - response.requested_ms) / 1000
  const stated = ageValue(valuesOf(response.lines, 'age')[0]) + delay
  const old = response.oldAge === undefined ? 0 : ageValue(response.oldAge) + delay
  const apparent = Math.max(0, (response.received_ms - madeAt_ms(response)) / 1000)
  const bounded = (value: number): number => Math.min(value, DELTA_MAX_S) + resident
  return { least: bounded(Math.max(Math.floor(apparent), stated)), most: bounded(Math.max(apparent, stated, old)) }
}

/** Section 5.1: of a list the first member; what is no non-negative integer is ignored. */
function ageValue(text: string | undefined): number {
  const [first] = splitList(text ?? '')
  return first !== undefined && /^\d+$/.test(first) ? Math.min(Number(first), DELTA_MAX_S) : 0
}

/** Date, or when it was received if it says none that can be read (RFC 9110 section 6.6.1). */
export function madeAt_ms({ lines, received_ms }: Received): number {
  return dateOf(valuesOf(lines, 'date')[0], received_ms) ?? received_ms
}

/** Has it a validator to ask the origin with (section 4.3.1)? */
export function validatorOf(lines: Lines): boolean {
  return has(lines, 'etag') || dateOf(valuesOf(lines, 'last-modified')[0], 0) !== undefined
}
