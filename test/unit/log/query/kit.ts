import { VSLHEAD1 } from '../../../../src/log/format.ts'
import { blockOf, RecordCursor } from '../../../../src/log/read/record-cursor.ts'
import type { Group, Kind, LoggedTransaction } from '../../../../src/log/read/transaction.ts'
import { TAG, type TagName } from '../../../../src/log/tags.ts'
import { vslRecord } from '../../../kit/vsl-file.ts'

/** Records as a reader has them. */
export function recordsOf(...lines: readonly (readonly [tag: TagName, text: string])[]): RecordCursor {
  const bytes = Buffer.concat(lines.map(([tag, text]) => vslRecord(TAG[tag], 7 | 0x40000000, `${text}\0`)))
  const memory = new ArrayBuffer(bytes.length)
  Buffer.from(memory).set(bytes)
  return new RecordCursor([{ block: blockOf(memory), from: 0, to: bytes.length / 4 }], VSLHEAD1)
}

export function transaction(records: RecordCursor, level = 1, vxid = 7, kind: Kind = 'req', reason = 'rxreq'): LoggedTransaction {
  return { vxid, parent_vxid: 0, kind, reason, esi_level: undefined, level, records }
}

/** A group of one transaction. */
export function groupOf(...lines: readonly (readonly [tag: TagName, text: string])[]): Group {
  return [transaction(recordsOf(...lines))]
}
