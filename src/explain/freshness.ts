import type { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import { ABSENT, type ResponseDirectives } from '../policy/directives.ts'
import { ageValue_ms, explicitLifetime_ms, heuristicLifetime_ms, NO_LIFETIME } from '../policy/freshness.ts'
import { initialAnswers, type InitialAnswers } from '../policy/initial.ts'
import type { Policy } from '../policy/policy.ts'
import { STORE, type StoreVerdict } from '../policy/storable.ts'
import { responseControl } from '../policy/targeted.ts'
import type { NoteEntry } from './contract.ts'

/** What vcl_backend_response finds, and how it was come by: the arithmetic of RFC 9111 in words. */

/** A response that has just come. */
export interface Arriving {
  readonly policy: Policy
  readonly bereq: RequestHead
  readonly beresp: ResponseHead
  readonly sent_ms: number
  readonly received_ms: number
  /** The request was passed. */
  readonly passed: boolean
}

/** "60 s", "0.25 s", "365 d". */
export function seconds(ms: number): string {
  if (ms === Infinity) return 'without an end'
  const days = ms / 86_400_000
  return days >= 2 && Number.isInteger(days) ? `${days} d` : `${Number((ms / 1000).toFixed(3))} s`
}

export function freshnessNote(arriving: Arriving): NoteEntry {
  const { policy, bereq, beresp, sent_ms, received_ms } = arriving
  const answers = initialAnswers(policy, bereq, beresp, sent_ms, received_ms)
  const text = policy.decidesStorage ? rfcText(arriving, answers) : varnishText(answers)
  const { ttl_ms, grace_ms, keep_ms, age_ms, why } = answers
  const facts = { ttl_s: ttl_ms / 1000, grace_s: grace_ms / 1000, keep_s: keep_ms / 1000, age_s: age_ms / 1000, storable: isGood(why), why }
  return { is: 'note', about: 'freshness', text, facts }
}

function isGood(why: StoreVerdict): boolean {
  return why === STORE.ok || why === STORE.rules
}

function varnishText({ ttl_ms, grace_ms, keep_ms, age_ms, why }: InitialAnswers): string[] {
  if (!isGood(why)) return [`policy=varnish gives this status no ttl: ${STORE_WORDS[why]}`]
  const aged = age_ms > 0 ? `, Age of ${seconds(age_ms)} taken off` : ''
  return [`policy=varnish: ttl ${seconds(ttl_ms)}${aged}, grace ${seconds(grace_ms)}, keep ${seconds(keep_ms)}`]
}

function rfcText(arriving: Arriving, answers: InitialAnswers): string[] {
  const { policy, beresp, received_ms } = arriving
  const said = responseControl(policy.targets, beresp.fields)
  const [lifetime_ms, source] = lifetime(said, speaker(policy, beresp.fields, said), beresp, received_ms)
  return [
    source,
    ageText(arriving, answers),
    lifetimeText(said, lifetime_ms, answers),
    ...staleText(said, answers),
    storableText(arriving.passed, answers.why),
  ]
}

function storableText(passed: boolean, why: StoreVerdict): string {
  if (passed) return 'the request was passed: it is not stored'
  return isGood(why) ? 'it may be stored (RFC 9111 section 3)' : `it may not be stored: ${STORE_WORDS[why]}`
}

/** The field that decides, as it is spelt in documents. */
function speaker({ targets }: Policy, fields: Fields, said: Readonly<ResponseDirectives>): string {
  if (!said.targeted) return 'Cache-Control'
  const name = targets.find((target) => fields.has(target)) ?? 'a targeted field'
  return `${name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())} (RFC 9213)`
}

function lifetime(said: Readonly<ResponseDirectives>, field: string, { status, fields }: ResponseHead, now_ms: number): [number, string] {
  const stated_ms = explicitLifetime_ms(said, fields, now_ms)
  const states = `freshness lifetime ${seconds(Math.max(0, stated_ms))}`
  if (said.s_maxage_ms !== ABSENT) return [stated_ms, `${states}: s-maxage of ${field} (RFC 9111 section 5.2.2.10)`]
  if (said.max_age_ms !== ABSENT) return [stated_ms, `${states}: max-age of ${field} (RFC 9111 section 5.2.2.1)`]
  if (stated_ms !== NO_LIFETIME) return [stated_ms, `${states}: Expires minus Date (RFC 9111 sections 5.3 and 4.2.1)`]
  const guess_ms = heuristicLifetime_ms(status, said.public, fields, now_ms)
  if (guess_ms > 0) {
    return [guess_ms, `freshness lifetime ${seconds(guess_ms)}, guessed: a tenth of the time since Last-Modified (RFC 9111 section 4.2.2)`]
  }
  return [0, 'no freshness lifetime: neither s-maxage, max-age nor Expires, and nothing to guess it from (RFC 9111 section 4.2.1)']
}

function ageText({ beresp: { fields }, sent_ms, received_ms }: Arriving, { age_ms }: InitialAnswers): string {
  const field = fields.get('age')
  const delay = `${seconds(received_ms - sent_ms)} that the answer took`
  const said = field === undefined ? delay : `Age: ${seconds(ageValue_ms(field))} and ${delay}`
  return `age on arrival ${seconds(age_ms)}: the larger of what Date says and ${said} (RFC 9111 section 4.2.3)`
}

function lifetimeText(said: Readonly<ResponseDirectives>, lifetime_ms: number, answers: InitialAnswers): string {
  if (said.no_cache) return 'no-cache: to be validated before each use, however young (RFC 9111 section 5.2.2.4)'
  const left_ms = lifetime_ms - answers.age_ms
  const sum = `${seconds(lifetime_ms)} - ${seconds(answers.age_ms)} = ${seconds(left_ms)}`
  return left_ms > 0 ? `ttl ${sum}: fresh (RFC 9111 section 4.2)` : `ttl ${sum}: not fresh (RFC 9111 section 4.2)`
}

function staleText(said: Readonly<ResponseDirectives>, { grace_ms, keep_ms, validatable }: InitialAnswers): string[] {
  const lines: string[] = []
  if (grace_ms > 0) lines.push(`grace ${seconds(grace_ms)}: stale-while-revalidate (RFC 5861 section 3)`)
  else if (said.must_revalidate || said.proxy_revalidate) lines.push('no grace: must-revalidate (RFC 9111 section 5.2.2.2)')
  if (said.stale_if_error_ms > 0) lines.push(`stale-if-error: ${seconds(said.stale_if_error_ms)} (RFC 5861 section 4)`)
  if (validatable) lines.push(`kept for ${seconds(keep_ms)} more: it has a validator (RFC 9111 section 4.3)`)
  return lines
}

export const STORE_WORDS: Readonly<Record<StoreVerdict, string>> = {
  ok: 'it may',
  rules: 'the rules gave it a ttl',
  method: 'the method is not GET (RFC 9111 section 3)',
  'request-no-store': 'the request said no-store (RFC 9111 section 5.2.1.5)',
  'no-store': 'the response said no-store (RFC 9111 section 5.2.2.5)',
  private: 'the response is private (RFC 9111 section 5.2.2.7)',
  authorization: 'the request had Authorization, and nothing in the response permits sharing the answer (RFC 9111 section 3.5)',
  'set-cookie': 'it sets a cookie, and nothing in Cache-Control says that it may be cached all the same (RFC 9111 section 7.3)',
  vary: 'Vary: * matches no other request (RFC 9111 section 4.1)',
  partial: 'it is a part, and does not say of what (RFC 9111 section 3.3)',
  status: 'the status is not one that is kept',
  'must-understand': 'must-understand, and the status is not known here (RFC 9111 section 5.2.2.3)',
  'no-permission': 'nothing permits it: no lifetime, not public, and the status is not cacheable by default (RFC 9111 section 3)',
  useless: 'it could never be used: it is not fresh and has no validator',
  uncacheable: 'the rules said uncacheable',
  'too-large': 'its head or its body is larger than an object of the store may be',
  'no-room': 'the store had no room for it',
}
