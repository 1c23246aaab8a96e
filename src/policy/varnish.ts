import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import { NO_LIFETIME } from './freshness.ts'
import type { Policy } from './policy.ts'

/** policy=varnish reads the fields of a response as Varnish 7.1 does, to the letter: test/varnish/ holds it to that. */

/** Statuses that get default_ttl when they state nothing, and those that are kept only when they do. */
const BY_DEFAULT = new Set([200, 203, 204, 300, 301, 304, 404, 410, 414])
const WHEN_STATED = new Set([302, 307])

/** Lifetime under policy=varnish, from t_origin: s-maxage, else max-age, else Expires, else default_ttl; NO_LIFETIME: not kept. */
export function varnishLifetime_ms(policy: Policy, status: number, fields: Fields, responseTime_ms: number): number {
  const byDefault = BY_DEFAULT.has(status)
  if (!byDefault && !WHEN_STATED.has(status)) return NO_LIFETIME
  const said = fields.combined('cache-control') ?? ''
  const relative = valueOf(said, 's-maxage') ?? valueOf(said, 'max-age')
  if (relative !== undefined) return varnishSeconds_ms(relative)
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

/** stale-while-revalidate, which is grace; undefined when it is not there. */
export function varnishGrace_ms(fields: Fields): number | undefined {
  const said = valueOf(fields.combined('cache-control') ?? '', 'stale-while-revalidate')
  return said === undefined ? undefined : varnishSeconds_ms(said)
}

export function varnishAge_ms(fields: Fields): number {
  return varnishSeconds_ms(fields.get('age') ?? '')
}

const NOT_TOKEN = /[^!#$%&'*+.^_`|~0-9a-z-]/i

/** What follows the "=" of the first member with that name, white space around it or not; undefined without one. */
function valueOf(list: string, name: string): string | undefined {
  for (const raw of list.split(',')) {
    const member = raw.trim()
    const end = member.search(NOT_TOKEN)
    if ((end < 0 ? member : member.slice(0, end)).toLowerCase() !== name) continue
    const rest = end < 0 ? '' : member.slice(end).trimStart()
    return rest.startsWith('=') ? rest.slice(1).trimStart() : undefined
  }
  return undefined
}

const UINT_MAX = 2 ** 32 - 1

/** Digits, and behind them nothing, a comma or a fraction, which is dropped. Anything else is 0, and what is larger counts as 2^32-1. */
function varnishSeconds_ms(text: string): number {
  const digits = /^\s*\+?(\d+)\s*(?:$|[,.])/.exec(text)?.[1]
  return digits === undefined ? 0 : Math.min(Number(digits), UINT_MAX) * 1000
}
