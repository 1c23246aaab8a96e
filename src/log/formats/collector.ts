import type { RecordCursor } from '../read/record-cursor.ts'
import type { LoggedTransaction } from '../read/transaction.ts'
import { TAG, type TagName, TAGS, type TagRow } from '../tags.ts'

/** Takes a value from the text of a record; undefined: it has none. */
export type Take = (text: string) => string | undefined

/** Something that is wanted of a transaction. Of several records that have it, the first or the last counts. */
interface Watch {
  readonly at: number
  readonly take: Take
  readonly is_first: boolean
}

/** Whose text has its NULs taken off: of the others any byte is text. */
const PLAIN = new Uint8Array(256)
for (const row of Object.values<TagRow>(TAGS)) PLAIN[row.number] = isFlagged(row) ? 0 : 1

/** Any byte may be in it, or nothing writes it: only in JSON it can be told safely. */
export function isFlagged(row: TagRow): boolean {
  return row.unsafe || row.binary || row.where === 'unused'
}

/** Goes over the records of a transaction once, and takes from them what any place of the format wants. Records that nobody wants are not decoded. */
export class Collector {
  readonly values: (string | undefined)[] = []
  vxid = 0
  side = 'c'
  private readonly watches: (Watch[] | undefined)[] = Array.from({ length: 256 })
  private readonly slots = new Map<string, number>()
  private readonly has_garbage: boolean

  /** `json`: what was not a request gets no line. */
  constructor(json: boolean) {
    this.has_garbage = !json
    this.watches[TAG.VCL_return] = []
    this.watches[TAG.HttpGarbage] = []
  }

  /** Where in `values` it is found. `key` tells what is wanted, so that it is taken once. */
  watch(key: string, which: 'first' | 'last', takes: Readonly<Partial<Record<TagName, Take>>>): number {
    const known = this.slots.get(key)
    if (known !== undefined) return known
    const at = this.slots.size
    this.slots.set(key, at)
    this.values.push(undefined)
    for (const [tag, take] of Object.entries(takes)) {
      const watch = { at, take, is_first: which === 'first' }
      const list = (this.watches[TAG[tag as TagName]] ??= [])
      list.push(watch)
    }
    return at
  }

  /** False: there is to be no line for it. */
  collect(transaction: LoggedTransaction): boolean {
    const { records } = transaction
    this.values.fill(undefined)
    this.vxid = transaction.vxid
    this.side = transaction.kind === 'bereq' ? 'b' : 'c'
    records.rewind()
    while (records.next()) {
      const watches = this.watches[records.tag]
      if (watches !== undefined && !this.record(records, watches)) return false
    }
    return true
  }

  private record(record: RecordCursor, watches: readonly Watch[]): boolean {
    const { tag } = record
    if (tag === TAG.HttpGarbage && !this.has_garbage) return false
    const text = textOf(record)
    for (const watch of watches) {
      if (watch.is_first && this.values[watch.at] !== undefined) continue
      const value = watch.take(text)
      if (value !== undefined) this.values[watch.at] = value
    }
    return tag !== TAG.VCL_return || !isRestart(text)
  }
}

/** What was restarted has its line when it has come to an end. */
function isRestart(text: string): boolean {
  return text.length === 7 && text.toLowerCase() === 'restart'
}

function textOf(record: RecordCursor): string {
  return PLAIN[record.tag] === 1 ? plainText(record) : record.bytes.latin1Slice(record.start, record.start + record.length)
}

/** Without the NULs at its end, latin1. */
export function plainText({ bytes, start, length }: RecordCursor): string {
  let end = start + length
  while (end > start && bytes[end - 1] === 0) end--
  return bytes.latin1Slice(start, end)
}
