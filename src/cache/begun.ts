import { parseHttpDate } from '../http/dates.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** What the cache must know of the fetch that brought a response. */
export interface FetchBegun {
  /** `Cache.purges` when it began. */
  readonly purges: number
  /** When the request was sent, wall-clock ms. */
  readonly sent_ms: number
  /** The store that is to have the response. */
  readonly into: Store
}

/**
 * Has another fetch stored a response while this one was under way, and is that one the newer by its Date? Of several the most
 * recent is to be used (RFC 9111 section 4).
 */
export function outdates(stored: StoredObject | undefined, head: ObjectHead, begun: FetchBegun): boolean {
  if (stored === undefined || stored.head.t_origin_ms < begun.sent_ms) return false
  return dateOf(stored.head) > dateOf(head)
}

/** NaN, which is neither before nor after, when it says nothing. */
function dateOf({ fields }: ObjectHead): number {
  return parseHttpDate(fields.get('date') ?? '')
}
