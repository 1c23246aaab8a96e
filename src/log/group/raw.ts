import type { LogFormat } from '../format.ts'
import { RecordCursor, type Stretch } from '../read/record-cursor.ts'
import type { LogSource } from '../read/source.ts'
import type { Group, LoggedTransaction } from '../read/transaction.ts'

/** A record on its own, as a transaction. */
class RawRecord implements LoggedTransaction {
  vxid = 0
  readonly parent_vxid = 0
  readonly kind = 'raw'
  readonly reason = 'unknown'
  readonly esi_level = undefined
  readonly level = 0
  readonly records: RecordCursor

  constructor(records: RecordCursor) {
    this.records = records
  }
}

/** Grouping `raw`: each record is a group, and what is outside of transactions is seen, too. */
export class RawRecords {
  private readonly walked: Stretch[] = []
  private readonly walker: RecordCursor
  private readonly shown: Stretch[] = []
  private readonly transaction: RawRecord
  private readonly group: Group

  constructor(format: LogFormat) {
    this.walker = new RecordCursor(this.walked, format)
    this.transaction = new RawRecord(new RecordCursor(this.shown, format))
    this.group = [this.transaction]
  }

  take({ block, from, to }: LogSource): void {
    this.walked[0] = { block, from, to }
    this.walker.rewind()
  }

  /** The next record of the unit; always the same group, with another record. */
  next(): Group | undefined {
    const { walker, transaction } = this
    if (!walker.next()) return undefined
    this.shown[0] = { block: this.walked[0].block, from: walker.at, to: walker.follow }
    transaction.vxid = walker.vxid
    transaction.records.rewind()
    return this.group
  }
}
