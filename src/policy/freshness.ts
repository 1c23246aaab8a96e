import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import { ABSENT } from './directives.ts'
import type { ResponseDirectives } from './directives.ts'
import { deltaSeconds_ms, MAX_DELTA_MS } from './scan.ts'
import { isHeuristicallyCacheable } from './statuses.ts'

/** No lifetime stated, and none may be guessed. */
export const NO_LIFETIME = -1

/** Section 4.2.2 recommends a tenth of the time since the last change; the cap keeps an old page from going unseen for months. */
const HEURISTIC_FRACTION = 0.1
const HEURISTIC_MAX_MS = 86_400_000

/**
 * Freshness lifetime that the response states, section 4.2.1: s-maxage, else max-age, else Expires minus Date, which a targeted field
 * puts out of force; NO_LIFETIME when it states none. Never negative otherwise: what expired before it was made has no lifetime.
 */
export function explicitLifetime_ms(directives: Readonly<ResponseDirectives>, fields: Fields, responseTime_ms: number): number {
  if (directives.s_maxage_ms !== ABSENT) return directives.s_maxage_ms
  if (directives.max_age_ms !== ABSENT) return directives.max_age_ms
  const expires = directives.targeted ? undefined : fields.get('expires')
  if (expires === undefined) return NO_LIFETIME
  // Section 5.3: an invalid date, especially "0", is in the past. Of several lines the first counts (section 4.2.1).
  const expires_ms = parseHttpDate(expires)
  if (Number.isNaN(expires_ms)) return 0
  return clamp(expires_ms - dateOr_ms(fields, responseTime_ms))
}

/** Section 4.2.2. `markedCacheable` is `public`, which permits guessing for any status. */
export function heuristicLifetime_ms(status: number, markedCacheable: boolean, fields: Fields, responseTime_ms: number): number {
  if (!markedCacheable && !isHeuristicallyCacheable(status)) return NO_LIFETIME
  const modified = fields.get('last-modified')
  if (modified === undefined) return NO_LIFETIME
  const unchanged_ms = dateOr_ms(fields, responseTime_ms) - parseHttpDate(modified)
  // NaN (no date) and the future fail alike.
  return unchanged_ms > 0 ? Math.min(unchanged_ms * HEURISTIC_FRACTION, HEURISTIC_MAX_MS) : NO_LIFETIME
}

/** Section 4.2.1: what is stated, else the guess, else NO_LIFETIME. */
export function freshnessLifetime_ms(
  status: number,
  directives: Readonly<ResponseDirectives>,
  fields: Fields,
  responseTime_ms: number,
): number {
  const explicit_ms = explicitLifetime_ms(directives, fields, responseTime_ms)
  return explicit_ms === NO_LIFETIME ? heuristicLifetime_ms(status, directives.public, fields, responseTime_ms) : explicit_ms
}

/**
 * Age of a response on arrival, section 4.2.3: the larger of what the clocks say and what caches on the way say.
 * Date counts whole seconds, so does the apparent age: otherwise every response would arrive half a second old.
 */
export function correctedInitialAge_ms(
  responseTime_ms: number,
  requestTime_ms: number,
  ageField: string | undefined,
  dateField: string | undefined,
): number {
  const date_ms = dateField === undefined ? NaN : parseHttpDate(dateField)
  const apparent_ms = Number.isNaN(date_ms) ? 0 : Math.floor(Math.max(0, responseTime_ms - date_ms) / 1000) * 1000
  const delay_ms = Math.max(0, responseTime_ms - requestTime_ms)
  return Math.min(Math.max(apparent_ms, ageValue_ms(ageField) + delay_ms), MAX_DELTA_MS)
}

/** When the response left the origin by its own account. */
export function originTime_ms(responseTime_ms: number, requestTime_ms: number, fields: Fields): number {
  return responseTime_ms - correctedInitialAge_ms(responseTime_ms, requestTime_ms, fields.get('age'), fields.get('date'))
}

/**
 * Age, section 5.1: the first member of what was sent as a list; what is not a non-negative integer is ignored.
 * (Of several lines the caller passes the first.)
 */
export function ageValue_ms(field: string | undefined): number {
  if (field === undefined) return 0
  for (let from = 0; from <= field.length;) {
    let end = field.indexOf(',', from)
    if (end < 0) end = field.length
    const member = field.slice(from, end).trim()
    if (member !== '') return Math.max(0, deltaSeconds_ms(member))
    from = end + 1
  }
  return 0
}

/** Date, or the time the response arrived when it has none that can be read (RFC 9110 section 6.6.1). */
function dateOr_ms(fields: Fields, responseTime_ms: number): number {
  const date = fields.get('date')
  const date_ms = date === undefined ? NaN : parseHttpDate(date)
  return Number.isNaN(date_ms) ? responseTime_ms : date_ms
}

function clamp(lifetime_ms: number): number {
  return Math.min(Math.max(0, lifetime_ms), MAX_DELTA_MS)
}
