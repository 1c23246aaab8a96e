import type { LogVersion } from '../../../src/log/format.ts'
import { type LogRecord, readRing } from '../../../src/log/reader.ts'
import { parseMask } from '../../../src/log/tags.ts'
import { ownRing } from '../../../src/log/ring-writer.ts'
import { LogWriter, type LogOptions } from '../../../src/log/writer.ts'

const RING_BYTES = 64 * 1024

export function open(options: Partial<LogOptions> = {}, version: LogVersion = 3): { ring: SharedArrayBuffer; log: LogWriter } {
  const ring = new SharedArrayBuffer(RING_BYTES)
  return {
    ring,
    log: new LogWriter(ownRing(ring, version), { reclen_bytes: 255, buffer_bytes: 1024, mask: parseMask('default'), ...options }),
  }
}

/** The records of each transaction, in the order of their ends. */
export function readTransactions(memory: SharedArrayBuffer): LogRecord[][] {
  const open = new Map<number, LogRecord[]>()
  const ended: LogRecord[][] = []
  for (const record of readRing(memory)) {
    const records = open.get(record.xid) ?? []
    records.push(record)
    open.set(record.xid, records)
    if (record.name !== 'End') continue
    open.delete(record.xid)
    ended.push(records)
  }
  return ended
}
