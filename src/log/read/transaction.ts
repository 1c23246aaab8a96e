import type { RecordCursor } from './record-cursor.ts'

/** What a group of transactions is. */
export const GROUPINGS = ['raw', 'vxid', 'request', 'session'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** `raw`: a record on its own. */
export type Kind = 'unknown' | 'sess' | 'req' | 'bereq' | 'raw'

/**
 * A transaction as a reader has it, with its records. Both are valid until the function that was given them returns: the memory they lie in is
 * used again.
 */
export interface LoggedTransaction {
  readonly vxid: number
  /** That of the transaction that caused it, in its group; 0: none. */
  readonly parent_vxid: number
  readonly kind: Kind
  /** The third word of Begin: rxreq, esi, restart, fetch, pass, bgfetch. */
  readonly reason: string
  /** How deep it is in ESI includes, where the log says so: Varnish does since 7.2. */
  readonly esi_level: number | undefined
  /** 1 for the first of a group, one more for what it caused; a restart is on the level of what was restarted. 0: a record on its own. */
  readonly level: number
  /** One cursor for each transaction: `rewind` it, then `next` until that is false. */
  readonly records: RecordCursor
}

/** Those that belong together, the first of them first, each before what it caused. */
export type Group = readonly LoggedTransaction[]
