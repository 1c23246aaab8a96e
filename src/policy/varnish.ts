import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import { ABSENT } from './directives.ts'
import type { ResponseDirectives } from './directives.ts'
import { NO_LIFETIME } from './freshness.ts'
import type { Policy } from './policy.ts'

/** Statuses that get default_ttl when they state nothing, and those that are kept only when they do. */
const BY_DEFAULT = new Set([200, 203, 204, 300, 301, 304, 404, 410, 414])
const WHEN_STATED = new Set([302, 307])

/** Lifetime under policy=varnish, from t_origin: s-maxage, else max-age, else Expires, else default_ttl; NO_LIFETIME: not kept. */
export function varnishLifetime_ms(
  policy: Policy,
  status: number,
  said: Readonly<ResponseDirectives>,
  fields: Fields,
  responseTime_ms: number,
): number {
  const byDefault = BY_DEFAULT.has(status)
  if (!byDefault && !WHEN_STATED.has(status)) return NO_LIFETIME
  if (said.s_maxage_ms !== ABSENT) return said.s_maxage_ms
  if (said.max_age_ms !== ABSENT) return said.max_age_ms
  const stated_ms = expires_ms(policy, fields, responseTime_ms)
  return stated_ms === NO_LIFETIME && byDefault ? policy.default_ttl_ms : stated_ms
}

/**
 * Expires, as Varnish reads it: against our own clock while the origin's Date is within clock_skew of it, else against
 * that Date. One that cannot be read is as good as none.
 */
function expires_ms(policy: Policy, fields: Fields, responseTime_ms: number): number {
  const expires = fields.get('expires')
  const until_ms = expires === undefined ? NaN : parseHttpDate(expires)
  if (Number.isNaN(until_ms)) return NO_LIFETIME
  const date = fields.get('date')
  const date_ms = date === undefined ? NaN : parseHttpDate(date)
  if (until_ms < date_ms) return 0
  const skewed = Math.abs(date_ms - responseTime_ms) >= policy.clock_skew_ms
  return Math.max(0, until_ms - (skewed ? date_ms : responseTime_ms))
}
