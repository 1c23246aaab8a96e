import { removeHopByHop } from '../http/hop.ts'
import type { RequestHead } from '../http/message.ts'
import { dropConditions, validationFields } from '../policy/conditional.ts'
import type { Stale } from './stale.ts'

const NAME = 'lacquer (Lacquer)'
export const VIA = `1.1 ${NAME}`

/**
 * Makes a client's request the origin's: hop-by-hop fields go (RFC 9110 section 7.6.1), Via is added. A fetch into the
 * store asks for the whole thing, by GET and without the client's conditions, or with ours (RFC 9111 section 4.3.1). `gzip`: for all
 * who may want it, who have it unpacked if they cannot do that.
 */
export function prepareBereq(bereq: RequestHead, around: boolean, stale: Stale, gzip: boolean): void {
  const { fields } = bereq
  removeHopByHop(fields)
  fields.delete('expect')
  fields.delete('content-length')
  if (!around) {
    if (bereq.method !== 'QUERY') bereq.method = 'GET'
    dropConditions(fields)
    if (gzip) fields.set('Accept-Encoding', 'gzip')
    if (stale.object !== undefined) validationFields(stale.object.head.fields, fields)
    stale.nameOthers(bereq)
  }
  forwardOnce(bereq)
  // The version is that of the message received (RFC 9110 section 7.6.3).
  fields.appendKeyed('Via', 'via', bereq.proto === 'HTTP/1.0' ? `1.0 ${NAME}` : VIA)
}

/** Max-Forwards of TRACE and OPTIONS (RFC 9110 section 7.6.2): one less than we got. */
function forwardOnce(bereq: RequestHead): void {
  const left = forwardsLeft(bereq)
  if (left > 0) bereq.fields.set('Max-Forwards', String(left - 1))
}

/** How many times the request may be forwarded; -1: it does not say. */
export function forwardsLeft({ method, fields }: RequestHead): number {
  if (method !== 'OPTIONS' && method !== 'TRACE') return -1
  const value = fields.get('max-forwards') ?? ''
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : -1
}

/** As often as this a request has come through us or our like: it goes round in a circle (RFC 9110 section 7.6.3). */
const ROUNDS_MAX = 10

export function goesRound({ fields }: RequestHead): boolean {
  let rounds = 0
  for (let i = fields.indexOf('via', 0); i >= 0; i = fields.indexOf('via', i + 1)) rounds += fields.values[i].split(NAME).length - 1
  return rounds >= ROUNDS_MAX
}

/**
 * Conditions that only an origin may evaluate, and a cache must not (RFC 9111 section 4.3.2): where the origin is asked, it is
 * asked with them.
 */
export function isForOrigin({ fields }: RequestHead): boolean {
  return fields.has('if-match') || fields.has('if-unmodified-since')
}
