import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import { ABSENT, parseRequestDirectives } from './directives.ts'
import type { ResponseDirectives } from './directives.ts'
import * as flag from './flags.ts'
import { explicitLifetime_ms, heuristicLifetime_ms, NO_LIFETIME, originTime_ms } from './freshness.ts'
import type { Policy } from './policy.ts'
import { STORE, storability } from './storable.ts'
import type { StoreVerdict } from './storable.ts'
import { varySpec } from './vary.ts'
import { responseControl } from './targeted.ts'
import { varnishAge_ms, varnishGrace_ms, varnishLifetime_ms } from './varnish.ts'

/** What the policy answers for a response before rules run, and, after `settledAnswers`, what becomes of it. */
export interface InitialAnswers {
  /**
   * beresp.ttl with Varnish's meaning: what remains at the time the response arrived, Age already taken off. -1 s when it
   * may not be stored; otherwise 0 or less means that it is validated on each use. A stored head counts its ttl_ms from
   * t_origin_ms: that is this plus age_ms.
   */
  ttl_ms: number
  grace_ms: number
  keep_ms: number
  /** Corrected initial age and the moment it counts from, RFC 9111 section 4.2.3. */
  age_ms: number
  t_origin_ms: number
  /** True: not for the store; leave a hit-for-miss marker for ttl_ms (none if that is not positive). */
  uncacheable: boolean
  why: StoreVerdict
  /** OBJ_* bits for the stored head. */
  flags: number
  validatable: boolean
}

/** What VCL may have changed. */
export interface RuleAnswers {
  ttl_ms: number
  grace_ms: number
  keep_ms: number
  /** `set beresp.uncacheable = true`, return(pass) or a bereq that was uncacheable already. */
  uncacheable: boolean
  /** False for what is passed, which leaves no marker. */
  marks?: boolean
}

/** Varnish's "no": a ttl that any positive one set by rules replaces. */
const REFUSED_TTL_MS = -1000

/** Is there something to validate with (section 4.3.1)? A Last-Modified that is no date is of no use. */
export function isValidatable(fields: Fields): boolean {
  if (fields.has('etag')) return true
  const modified = fields.get('last-modified')
  return modified !== undefined && !Number.isNaN(parseHttpDate(modified))
}

/**
 * The policy's answers for a response: beresp.ttl, grace and keep as vcl_backend_response finds them. `bereq` is the
 * request as fetched (a HEAD that was fetched as GET is a GET). After a 304 pass the stored head as freshened.
 */
export function initialAnswers(
  policy: Policy,
  bereq: RequestHead,
  beresp: ResponseHead,
  requestTime_ms: number,
  responseTime_ms: number,
): InitialAnswers {
  return policy.decidesStorage
    ? rfcAnswers(policy, bereq, beresp, requestTime_ms, responseTime_ms)
    : varnishAnswers(policy, beresp, responseTime_ms)
}

function rfcAnswers(
  policy: Policy,
  bereq: RequestHead,
  beresp: ResponseHead,
  requestTime_ms: number,
  responseTime_ms: number,
): InitialAnswers {
  const fields = beresp.fields
  const said = responseControl(policy.targets, fields)
  const t_origin_ms = originTime_ms(responseTime_ms, requestTime_ms, fields)
  const age_ms = responseTime_ms - t_origin_ms
  const explicit_ms = explicitLifetime_ms(said, fields, responseTime_ms)
  const guessed_ms = explicit_ms === NO_LIFETIME ? heuristicLifetime_ms(beresp.status, said.public, fields, responseTime_ms) : NO_LIFETIME
  const lifetime_ms = Math.max(0, explicit_ms, policy.heuristics ? guessed_ms : 0)
  const answers: InitialAnswers = {
    // no-cache: never fresh (section 5.2.2.4); rules that set a ttl set that aside.
    ttl_ms: (said.no_cache ? 0 : lifetime_ms) - age_ms,
    grace_ms: policy.default_grace_ms,
    keep_ms: policy.default_keep_ms,
    age_ms,
    t_origin_ms,
    uncacheable: false,
    why: storability(bereq, parseRequestDirectives(bereq.fields), beresp, said, policy.queries),
    flags: flagsOf(said, explicit_ms === NO_LIFETIME && guessed_ms > 0, bereq.fields.has('authorization')),
    validatable: isValidatable(fields),
  }
  permitStale(policy, answers, said)
  refuse(answers)
  return answers
}

/** Grace and keep from stale-while-revalidate and stale-if-error (RFC 5861), unless the response forbids stale use. */
function permitStale(policy: Policy, answers: InitialAnswers, said: Readonly<ResponseDirectives>): void {
  if (answers.validatable) answers.keep_ms = policy.validatable_keep_ms
  if ((answers.flags & policy.prohibitsStale) !== 0) return
  if (said.stale_while_revalidate_ms !== ABSENT) answers.grace_ms = said.stale_while_revalidate_ms
  answers.keep_ms = Math.max(answers.keep_ms, said.stale_if_error_ms - answers.grace_ms)
}

function refuse(answers: InitialAnswers): void {
  if (answers.why === STORE.ok && !isOfUse(answers)) answers.why = STORE.useless
  if (answers.why === STORE.ok) return
  answers.uncacheable = true
  answers.ttl_ms = REFUSED_TTL_MS
}

/** Fresh or stale, now or after an error, or as something to validate: one of them must be possible. */
function isOfUse(answers: InitialAnswers): boolean {
  if (answers.validatable || answers.ttl_ms + answers.grace_ms > 0) return true
  return (answers.flags & flag.OBJ_STALE_IF_ERROR) !== 0 && answers.ttl_ms + answers.grace_ms + answers.keep_ms > 0
}

function flagsOf(said: Readonly<ResponseDirectives>, heuristic: boolean, authorized: boolean): number {
  return (
    (said.must_revalidate ? flag.OBJ_MUST_REVALIDATE : 0) |
    (said.proxy_revalidate ? flag.OBJ_PROXY_REVALIDATE : 0) |
    (said.no_cache ? flag.OBJ_NO_CACHE : 0) |
    (said.s_maxage_ms !== ABSENT ? flag.OBJ_S_MAXAGE : 0) |
    (said.immutable ? flag.OBJ_IMMUTABLE : 0) |
    (authorized ? flag.OBJ_AUTHORIZED : 0) |
    (heuristic ? flag.OBJ_HEURISTIC : 0) |
    (said.stale_if_error_ms > 0 ? flag.OBJ_STALE_IF_ERROR : 0)
  )
}

/** the built-in rules refuse, not the policy. */
function varnishAnswers(policy: Policy, beresp: ResponseHead, responseTime_ms: number): InitialAnswers {
  const fields = beresp.fields
  const age_ms = varnishAge_ms(fields)
  const lifetime_ms = varnishLifetime_ms(policy, beresp.status, fields, responseTime_ms)
  const refused = lifetime_ms < 0
  return {
    ttl_ms: refused ? REFUSED_TTL_MS : lifetime_ms - age_ms,
    grace_ms: (refused ? undefined : varnishGrace_ms(fields)) ?? policy.default_grace_ms,
    keep_ms: policy.default_keep_ms,
    age_ms,
    t_origin_ms: responseTime_ms - age_ms,
    uncacheable: false,
    why: refused ? STORE.status : STORE.ok,
    flags: 0,
    validatable: isValidatable(fields),
  }
}

/**
 * The last word, after vcl_backend_response. VCL starts from `initial` with beresp.uncacheable as bereq had it. A refused
 * response is judged again as rules left it (`unset beresp.http.Set-Cookie`). A positive ttl is the operator's permission
 * where the origin merely gave none; it does not make a private response public: for that the field that says so must
 * go. Refused and uncacheable responses come back with the ttl of their marker.
 */
export function settledAnswers(
  policy: Policy,
  bereq: RequestHead,
  beresp: ResponseHead,
  initial: InitialAnswers,
  rules: RuleAnswers,
  requestTime_ms: number,
  responseTime_ms: number,
): InitialAnswers {
  if (rules.uncacheable) return uncacheable(policy, initial, rules)
  const ttlSet = rules.ttl_ms !== initial.ttl_ms
  const judged = initial.uncacheable ? initialAnswers(policy, bereq, beresp, requestTime_ms, responseTime_ms) : initial
  const answers: InitialAnswers = { ...judged, validatable: isValidatable(beresp.fields) }
  if (rules.grace_ms !== initial.grace_ms) answers.grace_ms = rules.grace_ms
  if (rules.keep_ms !== initial.keep_ms) answers.keep_ms = rules.keep_ms
  if (policy.decidesStorage && !initial.uncacheable) judgeAgain(policy, answers, bereq, beresp)
  // To Varnish a status is only a reason for the first answer.
  if (ttlSet) adoptTtl(answers, rules.ttl_ms, !policy.decidesStorage)
  // No request could be told from another (RFC 9111 section 4.1): that is not for a policy to decide.
  if (varySpec(beresp.fields) === '*') return marker(answers, STORE.vary, policy.uncacheable_ttl_ms)
  if (answers.uncacheable) return marker(answers, answers.why, markerTtl_ms(policy, answers.why))
  if (answers.ttl_ms + answers.grace_ms + answers.keep_ms <= 0) return marker(answers, STORE.useless, policy.uncacheable_ttl_ms)
  return answers
}

/** Refusals for want of permission. The others protect somebody's privacy, or the meaning of the response. */
const PERMITTED_BY_RULES: ReadonlySet<StoreVerdict> = new Set<StoreVerdict>([
  STORE.ok,
  STORE.no_permission,
  STORE.useless,
  STORE.must_understand,
])

/** Rules may also have added what forbids sharing: `set beresp.http.Cache-Control = "private"`. */
function judgeAgain(policy: Policy, answers: InitialAnswers, bereq: RequestHead, beresp: ResponseHead): void {
  const said = responseControl(policy.targets, beresp.fields)
  const why = storability(bereq, parseRequestDirectives(bereq.fields), beresp, said, policy.queries)
  if (PERMITTED_BY_RULES.has(why)) return
  answers.why = why
  answers.uncacheable = true
}

function adoptTtl(answers: InitialAnswers, ttl_ms: number, always: boolean): void {
  if (!always && !PERMITTED_BY_RULES.has(answers.why)) return
  answers.ttl_ms = ttl_ms
  if (ttl_ms <= 0) return
  answers.why = STORE.rules
  answers.uncacheable = false
  answers.flags = (answers.flags & ~flag.OBJ_NO_CACHE) | flag.OBJ_TTL_BY_RULES
}

/** no-store in a request says nothing about the resource: no client may switch off coalescing for the others. */
function markerTtl_ms(policy: Policy, why: StoreVerdict): number {
  return why === STORE.request_no_store ? 0 : policy.uncacheable_ttl_ms
}

/** Its grace and keep are for obj.grace and obj.keep to say, and for nothing else. */
function uncacheable(policy: Policy, initial: InitialAnswers, { ttl_ms, grace_ms, keep_ms, marks }: RuleAnswers): InitialAnswers {
  const kept_ms = ttl_ms > 0 || marks === false ? ttl_ms : policy.uncacheable_ttl_ms
  return { ...marker(initial, STORE.uncacheable, kept_ms), grace_ms, keep_ms }
}

function marker(from: InitialAnswers, why: StoreVerdict, ttl_ms: number): InitialAnswers {
  return { ...from, ttl_ms, grace_ms: 0, keep_ms: 0, uncacheable: true, why }
}
