import { VSLHEAD1 } from '../../../../src/log/format.ts'
import { blockOf, RecordCursor } from '../../../../src/log/read/record-cursor.ts'
import type { Group, Kind, LoggedTransaction } from '../../../../src/log/read/transaction.ts'
import { TAG, type TagName } from '../../../../src/log/tags.ts'

/** Records as a reader has them. */
export function recordsOf(...lines: readonly (readonly [tag: TagName, text: string])[]): RecordCursor {
  const parts = lines.map(([tag, text]) => {
    const payload = Buffer.from(`${text}\0`, 'latin1')
    const record = Buffer.alloc(8 + ((payload.length + 3) & ~3))
    record.writeUInt32LE((VSLHEAD1.firsts[TAG[tag]] | payload.length) >>> 0, 0)
    record.writeUInt32LE(7 | 0x40000000, 4)
    payload.copy(record, 8)
    return record
  })
  const bytes = Buffer.concat(parts)
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
