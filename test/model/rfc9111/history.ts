import { isError } from './statuses.ts'
import { currentAge } from './freshness.ts'
import { invalidated } from './invalidation.ts'
import { connectionFields, firstOf, has, type Lines, type Request, type Response, valuesOf } from './message.ts'
import { type Failure, keptFrom, selects, type Stored } from './reuse.ts'
import { breaksPromise, refusesStoring } from './storing.ts'
import { refusesUpdate, updated } from './updating.ts'

/** One request that reached the origin, and what came of it. */
export interface Exchange {
  readonly request: Request
  /** When it was sent, and when it was answered. */
  readonly requested_ms: number
  readonly received_ms: number
  /** "closed": without a word. */
  readonly outcome: Response | 'closed'
  /** The connection ended within the body. */
  readonly broken: boolean
}

/** Names the origin gives: X-Id to responses, X-Confirm to 304s. */
export function idOf(lines: Lines): string | undefined {
  return firstOf(lines, 'x-id')
}

export function confirmationOf(lines: Lines): string {
  return firstOf(lines, 'x-confirm') ?? ''
}

export const INCOMPLETE = 'it is not complete'

/** All that has come from the origin, and what a cache may have of it. */
export class History {
  readonly stored: Stored[] = []
  private serial = 0
  private readonly host: string

  constructor(host: string) {
    this.host = host
  }

  /** What happened at the origin while `asked` was answered. */
  add(asked: Request, exchange: Exchange): void {
    const { outcome } = exchange
    if (typeof outcome === 'string') return
    if (outcome.status === 304) this.confirm(asked, exchange, outcome)
    else this.received(asked, exchange, outcome)
  }

  /** What a cache may have under these names: after a 304 that may have updated one of several, or none of them, several. */
  find(id: string, confirmed: string): Stored[] {
    return this.stored.filter((one) => one.id === id && one.confirmed === confirmed)
  }

  private received(asked: Request, { request, requested_ms, received_ms, broken }: Exchange, response: Response): void {
    this.invalidate(invalidated(request, this.host, response))
    const received = { status: response.status, lines: dated(response.lines, received_ms), requested_ms, received_ms }
    this.stored.push({
      ...received,
      id: idOf(response.lines) ?? '',
      confirmed: '',
      target: request.target,
      body: response.body,
      byGet: request.method === 'GET',
      requests: [asked.lines],
      dropped: [],
      forOne: [],
      // A GET in place of the client's HEAD is a GET.
      refused: broken
        ? INCOMPLETE
        : (refusesStoring({ ...request, lines: [...asked.lines, ['Host', this.host]] }, received) ?? breaksPromise(received)),
      invalidated: false,
      serial: this.serial++,
    })
  }

  /** Section 4.3.4: what the 304 may speak of lives on under its fields. */
  private confirm(asked: Request, { request, requested_ms, received_ms }: Exchange, of304: Response): void {
    const confirmed = confirmationOf(of304.lines)
    for (const old of Array.from(this.stored)) {
      if (old.target !== request.target || old.refused !== undefined || refusesUpdate(old.lines, of304.lines) !== undefined) continue
      const lines = updated(old.lines, dated(of304.lines, received_ms))
      const oldAge = has(of304.lines, 'age') ? undefined : valuesOf(old.lines, 'age')[0]
      const received = { status: old.status, lines, requested_ms, received_ms, ...(oldAge === undefined ? {} : { oldAge }) }
      const requests = selects(old, asked) ? [...old.requests, asked.lines] : [asked.lines]
      const dropped = [...old.dropped, ...keptFrom(old)].filter(
        (name) => !has(of304.lines, name) || connectionFields(of304.lines).has(name),
      )
      const kept = { ...received, lines: lines.filter(([name]) => !dropped.includes(name.toLowerCase())) }
      // A cookie that comes with a 304 is for whoever asked, unless that 304 says otherwise: what was said of the page is not said of it.
      const forOne = breaksPromise({ ...received, lines: of304.lines }) === undefined ? [] : ['set-cookie']
      const refused = refusesStoring({ ...asked, method: 'GET' }, received) ?? breaksPromise(kept)
      this.stored.push({ ...old, ...received, confirmed, requests, dropped, forOne, refused, invalidated: false, serial: this.serial++ })
    }
  }

  private invalidate(targets: readonly string[]): void {
    for (const [i, one] of this.stored.entries()) if (targets.includes(one.target)) this.stored[i] = { ...one, invalidated: true }
  }
}

/** RFC 9110 section 6.6.1: a recipient with a clock records when a response without Date was received. */
function dated(lines: Lines, received_ms: number): Lines {
  return has(lines, 'date') ? lines : [...lines, ['Date', new Date(received_ms).toUTCString()]]
}

export function failureOf(exchanges: readonly Exchange[]): Failure {
  const last = exchanges.at(-1)
  if (last === undefined) return 'none'
  const { outcome, broken } = last
  if (broken || typeof outcome === 'string') return 'disconnected'
  return isError(outcome.status) ? 'error' : 'none'
}

/** Is its Age, if it has one, what section 4.2.3 says? */
export function refusesAge(stored: Stored, answer: Response, from_ms: number, until_ms: number): string | undefined {
  const ages = valuesOf(answer.lines, 'age')
  if (ages.length === 0) return undefined
  if (ages.length > 1 || !/^\d+$/.test(ages[0])) return `Age is ${JSON.stringify(ages)}`
  const least = Math.floor(currentAge(stored, from_ms).least)
  const most = Math.ceil(currentAge(stored, until_ms).most)
  const age = Number(ages[0])
  return age < least || age > most ? `Age is ${age}, to be between ${least} and ${most}` : undefined
}
