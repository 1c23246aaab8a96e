import { crc32 } from 'node:zlib'
import { HALVES_AT, RECORD_BYTES, recordSum, SERIAL, SIZE, sizeOf, SUM, TEXT_BYTES, TIME } from './ledger-record.ts'

/**
 * The ledger as it lies in a file, for the next process: two slots and two halves. Written like the ledger, which is never read from it:
 * the records, then in the older slot that they count. Whatever ends the process before, the other slot says what there is; a slot
 * that is damaged, or was just being written, is no reason to believe the other.
 */
export interface LedgerCopy {
  readonly bytes: Buffer
}

/** An entry of an earlier process. */
export interface KeptEntry {
  readonly text: string
  readonly serial: number
  readonly time_ms: number
}

/** What a copy holds; undefined when that cannot be known. */
export interface KeptList {
  readonly half: number
  readonly entries: readonly KeptEntry[]
}

const MAGIC = 0x4c51424c

const SLOT_BYTES = 64
// Of a slot, in bytes.
const TURN = 4
const HALF = 8
const USED = 12
const HALF_BYTES = 16
const SLOT_SUM = 20

interface Slot {
  readonly turn: number
  readonly half: number
  readonly used: number
  readonly half_bytes: number
}

/** So much of the half counts. */
export function writeSlot({ bytes }: LedgerCopy, half: number, used: number, half_bytes: number): void {
  const [slot, last] = latest(bytes)
  const at = (1 - slot) * SLOT_BYTES
  bytes.writeInt32LE(MAGIC, at)
  bytes.writeInt32LE(((last?.turn ?? 0) + 1) | 0, at + TURN)
  bytes.writeInt32LE(half, at + HALF)
  bytes.writeInt32LE(used, at + USED)
  bytes.writeInt32LE(half_bytes, at + HALF_BYTES)
  bytes.writeInt32LE(slotSum(bytes, at), at + SLOT_SUM)
}

/** Whatever an earlier process has left: all of it, or undefined. */
export function readCopy({ bytes }: LedgerCopy): KeptList | undefined {
  const [, slot] = latest(bytes)
  if (slot === undefined || isDamaged(bytes, 0) || isDamaged(bytes, SLOT_BYTES)) return undefined
  const { half, used, half_bytes } = slot
  const from = HALVES_AT + half * half_bytes
  if (!(half >= 0 && half <= 1 && used >= 0 && used <= half_bytes && from + used <= bytes.length)) return undefined
  const entries: KeptEntry[] = []
  for (let at = from; at < from + used;) {
    const size = wholeRecord(bytes, at, from + used)
    if (size === 0) return undefined
    const text_at = at + RECORD_BYTES
    const text = bytes.toString('latin1', text_at, text_at + bytes.readInt32LE(at + TEXT_BYTES))
    entries.push({ text, serial: bytes.readInt32LE(at + SERIAL), time_ms: bytes.readDoubleLE(at + TIME) })
    at += size
  }
  return { half, entries }
}

/** Its size, 0 when it is not whole. */
function wholeRecord(bytes: Buffer, at: number, end: number): number {
  if (at + RECORD_BYTES > end) return 0
  const size = bytes.readInt32LE(at + SIZE)
  const text_bytes = bytes.readInt32LE(at + TEXT_BYTES)
  if (text_bytes < 0 || size !== sizeOf(text_bytes) || at + size > end) return 0
  return bytes.readInt32LE(at + SUM) === recordSum(bytes, at) ? size : 0
}

/** The slot that was written last, and its number. */
function latest(bytes: Buffer): [number, Slot | undefined] {
  const [a, b] = [readSlot(bytes, 0), readSlot(bytes, SLOT_BYTES)]
  if (a === undefined) return [1, b]
  return b === undefined || ((a.turn - b.turn) | 0) > 0 ? [0, a] : [1, b]
}

/** Neither a slot, nor one that was never written. */
function isDamaged(bytes: Buffer, at: number): boolean {
  return readSlot(bytes, at) === undefined && bytes.subarray(at, at + SLOT_BYTES).some((byte) => byte !== 0)
}

function readSlot(bytes: Buffer, at: number): Slot | undefined {
  if (bytes.readInt32LE(at) !== MAGIC || bytes.readInt32LE(at + SLOT_SUM) !== slotSum(bytes, at)) return undefined
  const [turn, half, used, half_bytes] = [TURN, HALF, USED, HALF_BYTES].map((word) => bytes.readInt32LE(at + word))
  return { turn, half, used, half_bytes }
}

function slotSum(bytes: Buffer, at: number): number {
  return crc32(bytes.subarray(at, at + SLOT_SUM)) | 0
}
