import type { Fields } from '../http/fields.ts'
import { parseDictionary, type Dictionary, type Member } from '../http/structured.ts'
import { ABSENT, emptyResponse, listedIn, parseResponseDirectives, type ResponseDirectives } from './directives.ts'
import { MAX_DELTA_MS } from './scan.ts'
import { surrogateDirectives } from './surrogate.ts'

/**
 * Targeted cache control, RFC 9213: response fields that speak to this cache, or caches like it, in place of Cache-Control and
 * Expires. The first of the target list that is there, valid and not empty decides (section 2.2).
 */

/** Its syntax is its own, and older: see surrogate.ts. */
const SURROGATE = 'surrogate-control'

const REMEMBERED_MAX = 256
const REMEMBERED_CHARS_MAX = 256
type Readings = Map<string, Readonly<ResponseDirectives> | undefined>
/** An origin says the same again and again. When full, all is forgotten at once. Two, for the two grammars. */
const structured: Readings = new Map()
const surrogate: Readings = new Map()

/** What a response says about its caching to a cache with these targets (lower-case names, in order). */
export function responseControl(targets: readonly string[], fields: Fields): Readonly<ResponseDirectives> {
  for (let i = 0; i < targets.length; i++) {
    const text = fields.combined(targets[i])
    if (text === undefined) continue
    const said = targets[i] === SURROGATE ? read(surrogate, surrogateDirectives, text) : read(structured, targetedDirectives, text)
    if (said !== undefined) return said
  }
  return parseResponseDirectives(fields)
}

function read(
  known: Readings,
  parse: (text: string) => Readonly<ResponseDirectives> | undefined,
  text: string,
): Readonly<ResponseDirectives> | undefined {
  if (known.has(text)) return known.get(text)
  const said = parse(text)
  if (text.length > REMEMBERED_CHARS_MAX) return said
  if (known.size >= REMEMBERED_MAX) known.clear()
  known.set(text, said)
  return said
}

/** The directives of a targeted field; undefined when it is to be ignored (section 2.1): empty, or not valid. */
export function targetedDirectives(text: string): Readonly<ResponseDirectives> | undefined {
  const members = parseDictionary(text)
  if (members === undefined || members.size === 0) return undefined
  const said = emptyResponse()
  said.targeted = true
  restrict(said, members)
  said.public = isSet(members.get('public'))
  said.must_understand = isSet(members.get('must-understand'))
  said.no_transform = isSet(members.get('no-transform'))
  said.immutable = isSet(members.get('immutable'))
  const lifetimes = readLifetimes(said, members)
  // No lifetime makes a difference where these are said: nor does one that cannot be read.
  return lifetimes || said.no_store || said.private || said.no_cache ? said : undefined
}

/** Directives that forbid something. One with a value that it cannot have is heard all the same, as in Cache-Control. */
function restrict(said: ResponseDirectives, members: Dictionary): void {
  said.no_store = isSet(members.get('no-store'))
  said.must_revalidate = isSet(members.get('must-revalidate'))
  said.proxy_revalidate = isSet(members.get('proxy-revalidate'))
  said.no_cache = qualified(said, members.get('no-cache'))
  said.private = qualified(said, members.get('private'))
}

function isSet(member: Member | undefined): boolean {
  return member !== undefined && member.value !== false
}

/** True when it holds for the whole response; the names that a String lists join `unshared` (RFC 9111 sections 5.2.2.4 and 5.2.2.7). */
function qualified(said: ResponseDirectives, member: Member | undefined): boolean {
  if (!isSet(member)) return false
  const listed = member?.type === 'string' || member?.type === 'token' ? listedIn(member.value) : undefined
  if (listed === undefined) return true
  said.unshared = [...said.unshared, ...listed]
  return false
}

/** False when one of them is no delta-seconds: section 2.1 has us not consume a value that the directive cannot have, such as 1.5 or "60". */
function readLifetimes(said: ResponseDirectives, members: Dictionary): boolean {
  said.max_age_ms = duration_ms(members.get('max-age'))
  said.s_maxage_ms = duration_ms(members.get('s-maxage'))
  said.stale_while_revalidate_ms = duration_ms(members.get('stale-while-revalidate'))
  said.stale_if_error_ms = duration_ms(members.get('stale-if-error'))
  return !Number.isNaN(said.max_age_ms + said.s_maxage_ms + said.stale_while_revalidate_ms + said.stale_if_error_ms)
}

/** NaN when it is no delta-seconds. What is larger than RFC 9111 section 1.2.2 can count is as much as it can. */
function duration_ms(member: Member | undefined): number {
  if (member === undefined) return ABSENT
  if (member.type !== 'integer' || member.value < 0) return NaN
  return Math.min(member.value * 1000, MAX_DELTA_MS)
}
