import { removeHopByHop } from '../http/hop.ts'
import type { RequestHead } from '../http/message.ts'
import { dropConditions, validationFields } from '../policy/conditional.ts'
import type { StoredObject } from '../store/contract.ts'

export const VIA = '1.1 lacquer (Lacquer)'

/**
 * Makes a client's request the origin's: hop-by-hop fields go (RFC 9110 section 7.6.1), Via is added. A fetch into the
 * store asks for the whole thing, by GET and without the client's conditions, or with ours (RFC 9111 section 4.3.1).
 */
export function prepareBereq(bereq: RequestHead, around: boolean, stale: StoredObject | undefined): void {
  const { fields } = bereq
  removeHopByHop(fields)
  fields.delete('expect')
  fields.delete('content-length')
  if (!around) {
    bereq.method = 'GET'
    dropConditions(fields)
    if (stale !== undefined) validationFields(stale.head.fields, fields)
  }
  fields.appendKeyed('Via', 'via', VIA)
}
