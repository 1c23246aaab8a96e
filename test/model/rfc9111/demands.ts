import { CacheControl } from './directives.ts'
import { failureOf } from './history.ts'
import type { Turn, Way } from './judge.ts'
import { currentAge, lifetime, madeAt_ms, statedLifetime } from './freshness.ts'
import { firstOf, membersOf, type Request, valuesOf } from './message.ts'
import { prohibitsStale, selects, type Stored } from './reuse.ts'
import { isError } from './statuses.ts'
import { tagsOf } from './updating.ts'
import { variesByAnything } from './vary.ts'

/**
 * What a cache should do, so that one that forwards everything does not pass: a response that is fresh beyond doubt is reused, one
 * that is stale and has an entity-tag is validated with it, and permission to serve stale is made use of.
 */
export function demands(turn: Turn, before: readonly Stored[], way: Way, used: Stored | undefined): string[] {
  const { request, begin_ms } = turn
  if (request.method !== 'GET' && request.method !== 'HEAD') return []
  const asked = new CacheControl(request.lines)
  const latest = latestFor(request, before)
  if (latest === undefined || asked.has('no-cache') || asked.has('no-store')) return []
  if (isFresh(latest, asked, begin_ms)) {
    return way === 'reused' && used?.id === latest.id ? [] : [`response ${latest.id} is fresh and was not reused, but ${way}`]
  }
  if (!asked.empty) return []
  return [...demandsValidation(turn, latest, way), ...demandsStale(turn, latest, way)]
}

/** The stored response that any cache would look at: what came last of all that this request could have brought. */
function latestFor(request: Request, before: readonly Stored[]): Stored | undefined {
  const later = before.filter(
    (one) => one.target === request.target && (selects(one, request) || variesByAnything(one.lines) || one.refused),
  )
  const latest = later.findLast(() => true)
  if (latest === undefined || latest.refused !== undefined || latest.invalidated || !latest.byGet) return undefined
  // Whether a quote left open swallows what follows it is not ours to say.
  if (valuesOf(latest.lines, 'cache-control').some((value) => value.split('"').length % 2 === 0)) return undefined
  // Of several the one with the latest Date is to be used, which may be an older one.
  if (later.some((one) => madeAt_ms(one) > madeAt_ms(latest))) return undefined
  // In place of an error another response may have been used, and kept.
  if (isError(latest.status) && later.length > 1) return undefined
  // Once its responses vary in different things, several may be stored that match, and which one is looked at is not ours to say.
  if (before.some((one) => one.target === request.target && varyOf(one) !== varyOf(latest))) return undefined
  // A 304 that could speak of several may have updated any of them.
  const asOld = later.filter(({ serial, confirmed }) => confirmed !== '' && confirmed === latest.confirmed && serial !== latest.serial)
  return asOld.length > 0 || !selects(latest, request) ? undefined : latest
}

function varyOf({ lines }: Stored): string {
  return membersOf(lines, 'vary').join(',').toLowerCase()
}

function isFresh(stored: Stored, asked: CacheControl, now_ms: number): boolean {
  const stated = statedLifetime(stored)
  if (stated === undefined || new CacheControl(stored.lines).hasUnqualified('no-cache')) return false
  const age_s = currentAge(stored, now_ms).most
  const wanted = asked.lifetime('max-age')
  if (wanted !== undefined && (wanted.least === 0 || age_s > wanted.least)) return false
  const left_s = stated.least - age_s
  return left_s > 0 && left_s >= (asked.permission('min-fresh')?.most ?? 0)
}

function isStale(stored: Stored, now_ms: number): boolean {
  return currentAge(stored, now_ms).least >= lifetime(stored).most || new CacheControl(stored.lines).hasUnqualified('no-cache')
}

/** Section 4.3.1: "The entity tags ... MUST be sent if the entity tag was provided by the origin server" (RFC 9110 section 13.1.2). */
function demandsValidation({ exchanges, begin_ms }: Turn, latest: Stored, way: Way): string[] {
  const etag = firstOf(latest.lines, 'etag')
  if (etag === undefined || !/^(?:W\/)?"[^"]*"$/.test(etag) || exchanges.length === 0 || !isStale(latest, begin_ms)) return []
  // What is years old when it comes need not be kept.
  if (currentAge(latest, begin_ms).most > 86_400 * 300) return []
  return tagsOf(exchanges[0].request.lines).includes(etag) ? [] : [`response ${latest.id} was not validated with ${etag}, but ${way}`]
}

/** RFC 5861: what it permits is used, or nobody would send it. */
function demandsStale(turn: Turn, latest: Stored, way: Way): string[] {
  const said = new CacheControl(latest.lines)
  const { begin_ms, end_ms } = turn
  if (!isStale(latest, begin_ms) || prohibitsStale(said) || said.hasUnqualified('no-cache') || statedLifetime(latest) === undefined)
    return []
  const stale_s = currentAge(latest, end_ms).most - lifetime(latest).least
  const revalidates = said.permission('stale-while-revalidate')
  if (revalidates !== undefined && stale_s < revalidates.least && way !== 'stale')
    return [`response ${latest.id} is within its stale-while-revalidate, and the client had to wait`]
  const onError = said.permission('stale-if-error')
  if (onError === undefined || stale_s >= onError.least || failureOf(turn.exchanges) === 'none' || way === 'stale') return []
  return brokeWithin(turn) ? [] : [`response ${latest.id} is within its stale-if-error, and the client got an error`]
}

/** Half of a newer body is not an error that a stale response could still replace. */
function brokeWithin({ exchanges }: Turn): boolean {
  return exchanges.at(-1)?.broken === true
}
