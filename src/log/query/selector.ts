import type { RecordCursor } from '../read/record-cursor.ts'
import type { Selection } from './expression.ts'

/** Finds the part of a record that a query is about: what is behind the prefix, or a field of it. It keeps what it has found last. */
export class Selector {
  from = 0
  to = 0
  private readonly has_prefix: boolean
  private readonly prefix: Uint8Array
  private readonly field: number

  constructor({ prefix, field }: Selection) {
    this.prefix = Buffer.from(prefix ?? '', 'latin1')
    this.field = field
    this.has_prefix = prefix !== undefined
  }

  /** False when the record has none. */
  select(record: RecordCursor): boolean {
    this.from = record.start
    this.to = record.end
    if (this.has_prefix && !this.skipPrefix(record.bytes)) return false
    return this.field === 0 || this.findField(record.bytes)
  }

  private skipPrefix(bytes: Uint8Array): boolean {
    const { prefix, from, to } = this
    const colon = from + prefix.length
    if (colon >= to || bytes[colon] !== COLON) return false
    for (let i = 0; i < prefix.length; i++) {
      if (lower(bytes[from + i]) !== prefix[i]) return false
    }
    this.from = colon + 1
    this.skipBlanks(bytes)
    return true
  }

  private findField(bytes: Uint8Array): boolean {
    const end = this.to
    for (let left = this.field; ; left--) {
      this.skipBlanks(bytes)
      if (this.from === end || bytes[this.from] === 0) return false
      let at = this.from
      while (at < end && !isBlank(bytes[at]) && bytes[at] !== 0) at++
      if (left === 1) {
        this.to = at
        return true
      }
      this.from = at
    }
  }

  private skipBlanks(bytes: Uint8Array): void {
    let at = this.from
    while (at < this.to && isBlank(bytes[at])) at++
    this.from = at
  }
}

const COLON = 58

/** isspace(3). */
function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}

/** tolower(3), of ASCII. */
export function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}
