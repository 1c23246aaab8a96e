import { type CounterClass, counterRows, type CounterRow, COUNTER_CLASSES } from '../table.ts'

/**
 * What the published counter segments look like: a head of 24 bytes, then for a class a description of its counters (StatDoc), for an
 * instance a 64-bit number for each of them (Stat).
 */

export const HEAD_BYTES = 24
const VALUE_BYTES = 8
/** The first word of a segment. */
export const READY = 1
export const HIDDEN = 2

interface ClassText {
  readonly oneliner: string
  /** Classes are listed in this order. */
  readonly order: number
}

const CLASSES: Record<CounterClass, ClassText> = {
  MAIN: { oneliner: 'Main counters', order: 10 },
  MGT: { oneliner: 'Management process counters', order: 20 },
  SMA: { oneliner: 'Stores in memory', order: 40 },
  ARENA: { oneliner: 'Segments and eviction of stores', order: 45 },
  SMF: { oneliner: 'Stores in files', order: 50 },
  VBE: { oneliner: 'Backends', order: 60 },
}

/** Unique over all sets of segments: readers find names by it. */
export function docId(kind: CounterClass): number {
  return 0x4c00 + Object.keys(COUNTER_CLASSES).indexOf(kind)
}

/** The ident of its segment. */
export function docIdent(kind: CounterClass): string {
  return docId(kind).toString(16)
}

export function docPayload(kind: CounterClass): Buffer {
  const rows = counterRows(kind)
  const elem = Object.fromEntries(rows.map(([name, row], i) => [name, element(name, row, i)]))
  const { oneliner, order } = CLASSES[kind]
  const described = { version: '1', name: kind.toLowerCase(), oneliner, order, docs: '', elements: rows.length, elem }
  const text = Buffer.from(`${JSON.stringify(described)}\0`)
  const bytes = Buffer.alloc(HEAD_BYTES + text.length)
  putHead(bytes, kind)
  text.copy(bytes, HEAD_BYTES)
  return bytes
}

function element(name: string, row: CounterRow, i: number): object {
  return {
    type: row.format === 'bitmap' ? 'bitmap' : row.type,
    ctype: 'uint64_t',
    level: row.level,
    // Published readers copy it into JSON of their own without escaping it.
    oneliner: row.about.replaceAll(/["\\]/g, "'"),
    group: '',
    format: row.format,
    index: i * VALUE_BYTES,
    name,
    docs: '',
  }
}

/** All zero. */
export function statPayload(kind: CounterClass): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + counterRows(kind).length * VALUE_BYTES)
  putHead(bytes, kind)
  return bytes
}

function putHead(bytes: Buffer, kind: CounterClass): void {
  bytes.writeInt32LE(READY, 0)
  bytes.writeBigUInt64LE(BigInt(HEAD_BYTES), 8)
  bytes.writeBigUInt64LE(BigInt(docId(kind)), 16)
}

const WORD = 2 ** 32

/** Writes one value at that place of the body; true when it is another than before. */
export function putValue(words: Uint32Array, i: number, value: number): boolean {
  const whole = value > 0 ? Math.floor(value) : 0
  const low = whole >>> 0
  const high = Math.floor(whole / WORD)
  if (words[2 * i] === low && words[2 * i + 1] === high) return false
  words[2 * i] = low
  words[2 * i + 1] = high
  return true
}
