import { unmodified } from './conditions.ts'
import { CacheControl } from './directives.ts'
import { confirmationOf, type Exchange, failureOf, History, idOf, refusesAge } from './history.ts'
import { isIdempotent, isSafe } from './invalidation.ts'
import { connectionFields, has, type Lines, type Request, type Response, valuesOf } from './message.ts'
import { demands } from './demands.ts'
import { currentAge, lifetime } from './freshness.ts'
import { keptFrom, refusesReuse, type Stored } from './reuse.ts'
import { tagsOf, weakly } from './updating.ts'

/** One request of a client with its answer, and what reached the origin from it being sent until the proxy was idle again. */
export interface Turn {
  readonly request: Request
  readonly begin_ms: number
  readonly end_ms: number
  readonly exchanges: readonly Exchange[]
  /** "broken" when it broke off within the body. */
  readonly answer: Response | 'broken'
}

/** How the answer came about. */
export type Way = 'forwarded' | 'validated' | 'reused' | 'stale' | 'made here' | 'broken'

/** Fields of an answer that are the proxy's own to say. */
const OWN = new Set([
  'age',
  'via',
  'cache-status',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'accept-ranges',
])
/** What need not be the same in the request that is forwarded. */
const CHANGES = new Set([
  'connection',
  'via',
  'x-forwarded-for',
  'host',
  'content-length',
  'transfer-encoding',
  'expect',
  'te',
  'keep-alive',
  'upgrade',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'max-forwards',
  'proxy-connection',
])

/**
 * Holds a proxy to RFC 9111 and 9110: of each turn it says what is wrong with it. It knows what came from the origin, not what the
 * proxy has stored: what may be is permitted, what should be is demanded in demands.ts.
 */
export class Judge {
  readonly history: History
  way: Way = 'forwarded'
  /** The stored response that was used, if one was. */
  used: Stored | undefined
  /** What may have been stored when the last turn began. */
  before: readonly Stored[] = []

  constructor(host: string) {
    this.history = new History(host)
  }

  judge(turn: Turn): string[] {
    const before = (this.before = Array.from(this.history.stored))
    this.used = undefined
    const wrong = turn.exchanges.flatMap((exchange) => this.forwarding(turn, exchange, before))
    for (const exchange of turn.exchanges) this.history.add(turn.request, exchange)
    wrong.push(...this.answered(turn, before))
    if (onlyIfCached(turn.request) && (this.way === 'forwarded' || this.way === 'validated')) wrong.push('only-if-cached was forwarded')
    if (wrong.length === 0) wrong.push(...demands(turn, before, this.way, this.used))
    return wrong
  }

  /** What went to the origin. */
  private forwarding({ request, exchanges }: Turn, { request: sent }: Exchange, before: readonly Stored[]): string[] {
    const wrong: string[] = []
    const method = sent.method === request.method || (request.method === 'HEAD' && sent.method === 'GET')
    if (!method) wrong.push(`${request.method} was forwarded as ${sent.method}`)
    if (sent.target !== request.target) wrong.push(`${request.target} was forwarded as ${sent.target}`)
    if (!isIdempotent(request.method) && exchanges.length > 1) wrong.push(`${request.method} was sent more than once`)
    if (!has(sent.lines, 'via')) wrong.push('a request was forwarded without Via')
    wrong.push(...missingFields(request.lines, sent.lines, CHANGES).map((name) => `${name} was not forwarded as it came`))
    return [...wrong, ...strangeConditions(request, sent, before)]
  }

  private answered(turn: Turn, before: readonly Stored[]): string[] {
    const { answer, exchanges, request } = turn
    if (answer === 'broken') return this.brokeOff(turn)
    const id = idOf(answer.lines)
    if (id === undefined) return this.madeHere(turn, answer)
    if (!isSafe(request.method) && exchanges.length === 0) return [`${request.method} was answered without the origin`]
    const whole = exchanges.findLast(({ outcome }) => typeof outcome !== 'string' && outcome.status !== 304 && idOf(outcome.lines) === id)
    const confirmed = confirmationOf(answer.lines)
    const by304 = exchanges.some(
      ({ outcome }) => typeof outcome !== 'string' && outcome.status === 304 && confirmationOf(outcome.lines) === confirmed,
    )
    if (whole !== undefined) return this.forwarded(turn, answer, id)
    if (confirmed !== '' && by304) return this.validated(turn, answer, id, confirmed)
    return this.reused(turn, answer, before, id, confirmed)
  }

  private brokeOff({ exchanges }: Turn): string[] {
    this.way = 'broken'
    return exchanges.some(({ broken }) => broken) ? [] : ['the answer broke off, and the origin’s did not']
  }

  /** An answer that is not the origin's: an error, and there has to be one. */
  private madeHere({ request, exchanges }: Turn, answer: Response): string[] {
    this.way = 'made here'
    const asked = new CacheControl(request.lines)
    if (exchanges.length === 0)
      return answer.status === 504 && asked.has('only-if-cached') ? [] : [`${answer.status} of the proxy’s own, unasked for`]
    const last = exchanges.at(-1)?.outcome
    const failed = typeof last === 'string' || last?.status === 304
    return failed && answer.status >= 500 ? [] : [`${answer.status} of the proxy’s own, though the origin answered`]
  }

  private forwarded(turn: Turn, answer: Response, id: string): string[] {
    this.way = 'forwarded'
    return this.anyOf(this.history.find(id, ''), (stored) => [...ageOf(turn, stored, answer), ...sameResponse(turn, stored, answer)])
  }

  private validated(turn: Turn, answer: Response, id: string, confirmed: string): string[] {
    this.way = 'validated'
    const found = this.history.find(id, confirmed)
    if (found.length === 0) return [`response ${id} was confirmed by ${confirmed}, which must not update it (section 4.3.4)`]
    return this.anyOf(found, (stored) => [...ageOf(turn, stored, answer), ...sameResponse(turn, stored, answer, [], keptFrom(stored))])
  }

  private reused(turn: Turn, answer: Response, before: readonly Stored[], id: string, confirmed: string): string[] {
    const found = before.filter((one) => one.id === id && one.confirmed === confirmed)
    const failure = failureOf(turn.exchanges)
    const wrong = this.anyOf(found, (stored) => {
      const refused = refusesReuse(stored, turn.request, turn.begin_ms, failure)
      const reasons = refused === undefined ? [] : [`response ${id} was reused: ${refused}`]
      if (!has(answer.lines, 'age')) reasons.push('a stored response without Age (section 5.1)')
      return [...reasons, ...ageOf(turn, stored, answer), ...sameResponse(turn, stored, answer, keptFrom(stored))]
    })
    const { used } = this
    this.way = used !== undefined && currentAge(used, turn.begin_ms).least < lifetime(used).most ? 'reused' : 'stale'
    return wrong
  }

  /** What is wrong with the answer if it is any of these: nothing if it is right for one of them. */
  private anyOf(stored: readonly Stored[], wrongWith: (one: Stored) => string[]): string[] {
    let wrong = ['the response is unknown']
    for (const one of stored.toReversed()) {
      this.used = one
      wrong = wrongWith(one)
      if (wrong.length === 0) break
    }
    return wrong
  }
}

function ageOf({ begin_ms, end_ms }: Turn, stored: Stored, answer: Response): string[] {
  const age = refusesAge(stored, answer, begin_ms, end_ms)
  return age === undefined ? [] : [age]
}

/** Section 5.2.1.7. */
function onlyIfCached({ method, lines }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && new CacheControl(lines).has('only-if-cached')
}

/** Fields of `from` that are not in `to` as they were. */
function missingFields(from: Lines, to: Lines, except: ReadonlySet<string>): string[] {
  const gone = connectionFields(from)
  const names = new Set(from.map(([name]) => name.toLowerCase()))
  return [...names].filter((name) => {
    if (except.has(name) || gone.has(name)) return false
    return valuesOf(from, name).join('\n') !== valuesOf(to, name).join('\n')
  })
}

/** Section 4.3.1: conditions are the client's own, or ask about what may be stored for the target. */
function strangeConditions(request: Request, sent: Request, before: readonly Stored[]): string[] {
  const known = before.filter((one) => one.target === sent.target && one.refused === undefined)
  const tags = new Set([...tagsOf(request.lines), ...known.flatMap(({ lines }) => valuesOf(lines, 'etag'))])
  const dates = new Set([request.lines, ...known.map(({ lines }) => lines)].flatMap((lines) => datesIn(lines)))
  return [
    ...tagsOf(sent.lines).filter((tag) => !tags.has(tag)),
    ...valuesOf(sent.lines, 'if-modified-since').filter((date) => !dates.has(date)),
  ].map((validator) => `the origin was asked about ${validator}, which nobody has`)
}

function datesIn(lines: Lines): string[] {
  return ['if-modified-since', 'last-modified', 'date'].flatMap((name) => valuesOf(lines, name))
}

/** Is the answer that response: whole, or as 304, or its head alone? `without`: fields that must be missing, `perhaps`: that may. */
function sameResponse(
  turn: Turn,
  stored: Stored,
  answer: Response,
  without: readonly string[] = [],
  perhaps: readonly string[] = [],
): string[] {
  const { request } = turn
  const is304 = unmodified(request, stored, turn.end_ms)
  if (answer.status === 304 && is304 === false) return ['304, though the conditions do not say so']
  if (answer.status === 304) return sameFields(stored, answer, without, (name) => !NEEDED_IN_304.includes(name) || perhaps.includes(name))
  if (is304 === true && turn.exchanges.length === 0) return ['the conditions say 304, the answer is whole (section 4.3.2)']
  const wrong = answer.status === stored.status ? [] : [`status ${answer.status} in place of ${stored.status}`]
  const body = request.method === 'HEAD' ? '' : stored.body
  if (answer.body !== body) wrong.push(`body ${JSON.stringify(answer.body)} in place of ${JSON.stringify(body)}`)
  return [...wrong, ...sameFields(stored, answer, without, (name) => perhaps.includes(name))]
}

/** RFC 9110 section 15.4.5. */
const NEEDED_IN_304 = ['date', 'etag', 'cache-control', 'content-location', 'expires', 'vary']

function sameFields(stored: Stored, answer: Response, without: readonly string[], optional: (name: string) => boolean): string[] {
  const gone = connectionFields(stored.lines)
  const kept = stored.lines.filter(([key]) => !gone.has(key.toLowerCase()))
  const wrong = without.filter((name) => has(answer.lines, name)).map((name) => `${name} is not for the store, and is there`)
  for (const name of new Set([...kept, ...answer.lines].map(([key]) => key.toLowerCase()))) {
    if ((OWN.has(name) && name !== 'date') || without.includes(name)) continue
    const got = valuesOf(answer.lines, name).join('\n')
    const want = valuesOf(kept, name).join('\n')
    const missing = got === '' && (optional(name) || stored.dropped.includes(name))
    if (name === 'etag' && weakly(got) === weakly(want)) continue
    if (got !== want && !missing) wrong.push(`${name} is ${JSON.stringify(got)} in place of ${JSON.stringify(want)}`)
  }
  return wrong
}
