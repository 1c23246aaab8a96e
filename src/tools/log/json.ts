import { isUtf8 } from 'node:buffer'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import type { Group, LoggedTransaction } from '../../log/read/transaction.ts'
import { tagName } from '../../log/tags.ts'
import type { Shown } from './settings.ts'

/** A group as a line of JSON in UTF-8; '' when nothing of it is shown. */
export function groupJson(group: Group, shown: Shown): string {
  const transactions = group.filter((transaction) => shown.isAsked(transaction)).map((transaction) => transactionOf(transaction, shown))
  if (transactions.length === 0) return ''
  // Of records on their own there is one, and it may not be shown.
  if (group[0].level === 0 && transactions[0].records.length === 0) return ''
  return `${JSON.stringify({ transactions })}\n`
}

interface JsonRecord {
  readonly tag: string
  readonly side: string
  readonly text: string
  readonly latin1?: true
}

interface JsonTransaction {
  readonly vxid: number
  readonly parent: number
  readonly kind: string
  readonly reason: string
  readonly level: number
  readonly esi_level: number | undefined
  readonly records: JsonRecord[]
}

function transactionOf(transaction: LoggedTransaction, shown: Shown): JsonTransaction {
  const { vxid, parent_vxid, kind, reason, level, esi_level, records } = transaction
  const told: JsonRecord[] = []
  records.rewind()
  while (records.next()) if (shown.shows(records)) told.push(recordOf(records))
  return { vxid, parent: parent_vxid, kind, reason, level, esi_level, records: told }
}

/** Text is UTF-8 where it can be; else each character stands for a byte, and it is said so. */
function recordOf(record: RecordCursor): JsonRecord {
  const tag = tagName(record.tag) ?? String(record.tag)
  const { side } = record
  const bytes = record.bytes.subarray(record.start, record.end)
  return isUtf8(bytes) ? { tag, side, text: bytes.toString('utf8') } : { tag, side, text: bytes.toString('latin1'), latin1: true }
}
