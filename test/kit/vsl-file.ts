import { FILE_HEAD } from '../../src/log/read/file-source.ts'
import { TAG, type TagName } from '../../src/log/tags.ts'

/** Files of log records, as -w writes them in the form of Varnish 7.1. */

export interface WrittenRecord {
  readonly tag: TagName
  /** Latin1, without the NUL that ends it. */
  readonly text: string
  /** What some writers do: leave the NUL out. */
  readonly is_bare?: boolean
}

export interface WrittenTransaction {
  readonly vxid: number
  readonly side: 'client' | 'backend' | 'none'
  readonly records: readonly WrittenRecord[]
}

const SIDES = { client: 0x40000000, backend: 0x80000000, none: 0 }

export function vslFile(transactions: readonly WrittenTransaction[]): Buffer {
  return Buffer.concat([FILE_HEAD, ...transactions.flatMap((one) => one.records.map((record) => written(record, one)))])
}

function written({ tag, text, is_bare }: WrittenRecord, { vxid, side }: WrittenTransaction): Buffer {
  return vslRecord(TAG[tag], vxid | SIDES[side], is_bare === true ? text : `${text}\0`)
}

/** Of any tag and any id, its side included. */
export function vslRecord(tag: number, id: number, payload: string): Buffer {
  const bytes = Buffer.alloc(8 + ((payload.length + 3) & ~3))
  bytes.writeUInt32LE(((tag << 24) | payload.length) >>> 0, 0)
  bytes.writeUInt32LE(id >>> 0, 4)
  bytes.write(payload, 8, 'latin1')
  return bytes
}
