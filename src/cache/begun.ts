import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import type { Forwarded } from '../policy/cache-status.ts'
import { storedSpec } from '../policy/vary.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** What the cache must know of the fetch that brought a response. */
export interface FetchBegun {
  /** Under which it was looked up, where that is not the key of what it brings. */
  readonly key?: string
  /** Is the response also one to this request, which has waited for it? */
  suits?(req: RequestHead): boolean
  /** `Cache.purges` when it began. */
  readonly purges: number
  /** `Cache.serial` when it began. */
  readonly serial: number
  /** When the request was sent, wall-clock ms. */
  readonly sent_ms: number
  /** The response says by itself when it was made. */
  readonly dated: boolean
  /** The store that is to have the response. */
  readonly into: Store
  /** Hears why the store did not take it. */
  readonly forwarded?: Forwarded
}

/** A response on its way into the store. */
export interface Arrival {
  readonly key: string
  /** Its normalised Vary. */
  readonly spec: string
  /** Of the request that it answers. */
  readonly fields: Fields
  readonly head: ObjectHead
  readonly begun: FetchBegun
}

export function arrivalOf(key: string, { fields }: RequestHead, head: ObjectHead, begun: FetchBegun): Arrival {
  return { key, spec: storedSpec(head), fields, head, begun }
}

/**
 * Has another fetch stored a response while this one was under way, and is that one the newer? Of several the most recent is to be
 * used, by its Date (RFC 9111 section 4). Dates that are equal decide nothing, nor do those that we have made at reception: then the
 * fetch that began later has the later response.
 */
export function outdates(stored: StoredObject | undefined, head: ObjectHead, begun: FetchBegun): boolean {
  if (stored === undefined || stored.head.t_origin_ms < begun.sent_ms) return false
  const later_ms = begun.dated ? dateOf(stored.head) - dateOf(head) : 0
  return later_ms > 0 || (later_ms === 0 && isLater(stored.head.xid, head.xid))
}

/** Transaction ids are counted on for all workers, and begin anew when they run out. */
function isLater(xid: number, than: number): boolean {
  return ((xid - than) | 0) > 0
}

/** NaN, which is neither before nor after, when it says nothing. */
function dateOf({ fields }: ObjectHead): number {
  return parseHttpDate(fields.get('date') ?? '')
}
