import { createRequire } from 'node:module'
import { type Item, parseList } from 'structured-headers'
import { CacheControl } from './rfc9111/directives.ts'
import { currentAge, lifetime } from './rfc9111/freshness.ts'
import { failureOf, INCOMPLETE } from './rfc9111/history.ts'
import type { Judge, Turn } from './rfc9111/judge.ts'
import { firstOf, has, type Lines, valuesOf } from './rfc9111/message.ts'
import { selects, type Stored } from './rfc9111/reuse.ts'

/** Second opinions on what the proxy did: of http-cache-semantics on reuse, of structured-headers on Cache-Status. */

type Headers = Record<string, string>
interface Opinion {
  storable(): boolean
  evaluateRequest(request: { method: string; url: string; headers: Headers }): {
    response?: object
    revalidation?: { synchronous: boolean }
  }
}
type OpinionClass = new (request: object, response: object) => Opinion
const CachePolicy = createRequire(import.meta.url)('http-cache-semantics') as OpinionClass

/** The time that the opinions are given at. */
let now_ms = 0
class Semantics extends CachePolicy {
  now(): number {
    return now_ms
  }
}

function headersOf(lines: Lines): Headers {
  const headers: Headers = {}
  for (const [name] of lines) headers[name.toLowerCase()] = valuesOf(lines, name.toLowerCase()).join(', ')
  return headers
}

/** The stored response that the opinion is about, and both answers: may it be used without waiting for the origin? */
interface Case {
  readonly turn: Turn
  readonly stored: Stored
  readonly said: CacheControl
  readonly asked: CacheControl
  readonly ours: boolean
  readonly theirs: boolean
}

const DIRECTIVE = /^(?:(?:max-age|s-maxage|stale-while-revalidate|stale-if-error|min-fresh|max-stale)=\d{1,9}|[a-z-]+)$/

/** Nothing that a parser may read in two ways. */
function isClean(lines: Lines): boolean {
  const directives = valuesOf(lines, 'cache-control').flatMap((value) => value.split(',').map((member) => member.trim()))
  const names = directives.map((directive) => directive.split('=')[0])
  return directives.every((directive) => DIRECTIVE.test(directive)) && new Set(names).size === names.length
}

/** Where http-cache-semantics (4.3.0) disagrees with us, who is right, and by which text. A disagreement that no row explains fails. */
export const DISAGREEMENTS: readonly {
  readonly what: string
  readonly right: 'we' | 'both'
  readonly text: string
  readonly is: (one: Case) => boolean
}[] = [
  {
    what: 'must-revalidate: they never reuse without validation',
    right: 'we',
    text: 'RFC 9111 5.2.2.2: "once the response has become stale, a cache MUST NOT reuse that response"',
    is: ({ said, ours }) => ours && said.has('must-revalidate'),
  },
  {
    what: 'proxy-revalidate: they never count it as fresh',
    right: 'we',
    text: 'RFC 9111 5.2.2.8: "once the response has become stale, a shared cache MUST NOT reuse that response"',
    is: ({ said }) => said.has('proxy-revalidate'),
  },
  {
    what: 's-maxage: they serve it stale for max-stale and stale-while-revalidate',
    right: 'we',
    text: 'RFC 9111 5.2.2.10: "incorporates the semantics of the proxy-revalidate response directive"',
    is: ({ said, ours }) => !ours && said.has('s-maxage'),
  },
  {
    what: 'no-cache: they serve it within stale-while-revalidate',
    right: 'we',
    text: 'RFC 9111 5.2.2.4: "the response MUST NOT be used to satisfy any other request without forwarding it for validation and receiving a successful response"',
    is: ({ said, ours }) => !ours && said.has('no-cache'),
  },
  {
    what: 'directives that are not clean: names in capitals, duplicates, invalid and quoted values',
    right: 'we',
    text: 'RFC 9111 5.2: "directive names are compared case-insensitively"; 4.2.1: "either the first occurrence should be used or the response should be considered stale", "Caches are encouraged to consider responses that have invalid freshness information (...) to be stale"',
    is: ({ stored, turn }) => !isClean(stored.lines) || !isClean(turn.request.lines),
  },
  {
    what: 'the age that Date tells: they only look at Age, and not at how long the response took',
    right: 'we',
    text: 'RFC 9111 4.2.3: "corrected_initial_age = max(apparent_age, corrected_age_value)"',
    is: ({ stored, turn, ours }) => !ours && currentAge(stored, turn.begin_ms).most > theirAge_s(stored, turn.begin_ms),
  },
  {
    what: 'Age with more than one member, or none that is a number',
    right: 'we',
    text: 'RFC 9111 5.1: "a cache SHOULD ignore the field"; of a list "SHOULD use the first member"',
    is: ({ stored }) => has(stored.lines, 'age') && !/^\d{1,9}$/.test(valuesOf(stored.lines, 'age').join(',')),
  },
  {
    what: 'Pragma: they take it for Cache-Control, in requests and in responses',
    right: 'both',
    text: 'RFC 9111 5.4: "this specification deprecates Pragma"; "it does not provide a reliable replacement" in responses',
    is: ({ stored, turn, ours }) => ours && (has(stored.lines, 'pragma') || has(turn.request.lines, 'pragma')),
  },
  {
    what: 'status codes: they store none that they do not know',
    right: 'both',
    text: 'RFC 9111 3: "the response status code is final"; only must-understand asks for more',
    is: ({ stored, ours, said }) => ours && (!said.has('must-understand') || stored.status !== 200) && stored.status !== 200,
  },
  {
    what: 'must-understand: they do not know that it sets no-store aside',
    right: 'we',
    text: 'RFC 9111 5.2.2.3: "A response that contains the must-understand directive SHOULD also contain no-store"',
    is: ({ said, ours }) => ours && said.has('must-understand') && said.has('no-store'),
  },
  {
    what: 'Set-Cookie: they want public or immutable, we take max-age and s-maxage, too',
    right: 'both',
    text: 'RFC 9111 7.3: "the presence of the Set-Cookie response header field does not inhibit caching"',
    is: ({ stored }) => has(stored.lines, 'set-cookie'),
  },
  {
    what: 'immutable: they make it a day',
    right: 'we',
    text: 'RFC 8246 2: it says "that clients SHOULD NOT issue a conditional request during the response\'s freshness lifetime", and not how long that is',
    is: ({ said, ours }) => !ours && said.has('immutable'),
  },
  {
    what: 'Vary: they compare the fields as they are written',
    right: 'both',
    text: 'RFC 9111 4.1: fields match when they "can be transformed (...) by normalizing both header field values in a way that is known to have identical semantics"',
    is: ({ stored, ours }) => ours && has(stored.lines, 'vary'),
  },
  {
    what: 'invalidation: they see one response, and not what came after it',
    right: 'we',
    text: 'RFC 9111 4.4: "A cache MUST invalidate the target URI"',
    is: ({ stored, ours }) => !ours && stored.invalidated,
  },
  {
    what: 'a Date or an Expires that is none: they read what JavaScript reads, and ignore an empty one',
    right: 'we',
    text: 'RFC 9111 5.3: "A cache recipient MUST interpret invalid date formats (...) as representing a time in the past"',
    is: ({ stored }) =>
      ['date', 'expires', 'last-modified'].some((name) => valuesOf(stored.lines, name).length > 1 || !isImf(firstOf(stored.lines, name))),
  },
  {
    what: 'max-age and min-fresh of the request beside stale-while-revalidate: they hold them against fresh responses only',
    right: 'we',
    text: 'RFC 9111 5.2.1.1: "Unless the max-stale request directive is also present, the client does not wish to receive a stale response"',
    is: ({ asked, ours }) => !ours && (asked.has('max-age') || asked.has('min-fresh')),
  },
  {
    what: 'max-stale: they serve what never was fresh, which we do not keep, or count as not to be waited for',
    right: 'both',
    text: 'RFC 9111 5.2.1.2: "the client will accept a response that has exceeded its freshness lifetime": willing, and no more',
    is: ({ asked, stored, ours }) =>
      !ours && asked.has('max-stale') && currentAge(stored, stored.received_ms).most >= lifetime(stored).least,
  },
  {
    what: 'errors: they are asked before the origin is',
    right: 'both',
    text: 'RFC 9111 4.2.4: a stale response when disconnected; RFC 5861 4: when there is an error',
    is: ({ turn, ours }) => ours && failureOf(turn.exchanges) !== 'none',
  },
]

function theirAge_s({ lines, received_ms }: Stored, at_ms: number): number {
  return Number(firstOf(lines, 'age') ?? '0') + (at_ms - received_ms) / 1000
}

function isImf(value: string | undefined): boolean {
  return value === undefined || /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)
}

/** Both opinions on a turn, and which rows of the table were needed. */
export class Opinions {
  readonly needed = new Map<string, number>()
  agreed = 0

  readonly witness = (turn: Turn, judge: Judge): string[] => [...this.semantics(turn, judge), ...cacheStatus(turn, judge)]

  private semantics(turn: Turn, judge: Judge): string[] {
    const { request, begin_ms } = turn
    const ours = judge.way === 'reused' || judge.way === 'stale'
    const stored = ours ? judge.used : judge.before.findLast((one) => one.byGet && one.target === request.target)
    if (stored === undefined || stored.refused === INCOMPLETE || !selects(stored, request)) return []
    if (request.method !== 'GET' && request.method !== 'HEAD') return []
    const theirs = opinionOf(stored, turn, begin_ms)
    if (ours === theirs) {
      this.agreed++
      return []
    }
    const one: Case = { turn, stored, said: new CacheControl(stored.lines), asked: new CacheControl(request.lines), ours, theirs }
    const row = DISAGREEMENTS.find(({ is }) => is(one))
    if (row === undefined)
      return [`http-cache-semantics would ${theirs ? '' : 'not '}reuse response ${stored.id}, and no row of the table says why`]
    this.needed.set(row.what, (this.needed.get(row.what) ?? 0) + 1)
    return []
  }
}

function opinionOf(stored: Stored, { request }: Turn, at_ms: number): boolean {
  now_ms = stored.received_ms
  const asked = { method: 'GET', url: stored.target, headers: headersOf(stored.requests.at(-1) ?? []) }
  const opinion = new Semantics(asked, { status: stored.status, headers: headersOf(stored.lines) })
  now_ms = at_ms
  if (!opinion.storable()) return false
  return (
    opinion.evaluateRequest({ method: 'GET', url: request.target, headers: headersOf(request.lines) }).revalidation?.synchronous !== true
  )
}

/** RFC 9211: a List whose member of ours says what became of the request. */
function cacheStatus({ answer, exchanges }: Turn, { way }: Judge): string[] {
  if (answer === 'broken' || way === 'made here') return []
  const ours = parseList(valuesOf(answer.lines, 'cache-status').join(', ')).at(-1) as Item | undefined
  if (ours === undefined) return ['there is no Cache-Status']
  const parameters = ours[1]
  const hit = parameters.get('hit') === true
  const wrong: string[] = []
  if (hit && parameters.has('fwd')) wrong.push('Cache-Status says both hit and fwd (RFC 9211 section 2.2)')
  if (!hit && !parameters.has('fwd')) wrong.push('Cache-Status says neither hit nor fwd')
  if (hit && (way === 'forwarded' || way === 'validated')) wrong.push(`Cache-Status says hit, the answer was ${way}`)
  if (!hit && exchanges.length === 0) wrong.push('Cache-Status says fwd, and nothing was forwarded')
  return wrong
}
