import type { RecordCursor } from '../read/record-cursor.ts'
import type { Kind } from '../read/transaction.ts'

/** What Begin and Link say: `req 32770 rxreq`, and behind that an ESI level since Varnish 7.2. */
export interface LinkText {
  readonly kind: Kind
  readonly vxid: number
  readonly reason: string
  /** Of ESI includes, 0 for what a client asked for; undefined before Varnish 7.2. */
  readonly esi_level: number | undefined
}

const LINK = /^\s*(\S{1,15})\s+(\d{1,15})\s+(\S+)(?:\s+(\d{1,9}))?/
const KINDS: readonly Kind[] = ['sess', 'req', 'bereq', 'raw']

/** Undefined when it says something else. */
export function readLink(text: string): LinkText | undefined {
  const found = LINK.exec(text)
  if (found === null) return undefined
  return {
    kind: KINDS.find((kind) => kind === found[1]) ?? 'unknown',
    vxid: Number(found[2]),
    reason: found[3].slice(0, 15),
    esi_level: found[4] === undefined ? undefined : Number(found[4]),
  }
}

/** The record as a VSL record quotes it. */
export function quoted(record: RecordCursor, name: string | undefined): string {
  return `(${record.vxid}:${name ?? '(null)'} "${record.text}")`
}
