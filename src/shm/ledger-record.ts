import { crc32 } from 'node:zlib'

/** Where the two halves of a ledger, and of its copies in files, begin. */
export const HALVES_AT = 128

// Of a record, in bytes; its text follows. Records lie on multiples of 8.
export const SIZE = 0
export const SERIAL = 4
/** Not covered by the sum, and of no meaning in a copy. */
export const FLAGS = 8
export const TEXT_BYTES = 12
export const TIME = 16
export const SUM = 24
export const RECORD_BYTES = 32

/** Of a record with so many bytes of text. */
export function sizeOf(text_bytes: number): number {
  return RECORD_BYTES + Math.ceil(text_bytes / 8) * 8
}

/** Of the record at `at`, whose size has been looked at. */
export function recordSum(bytes: Buffer, at: number): number {
  const text_bytes = bytes.readInt32LE(at + TEXT_BYTES)
  const fixed = crc32(bytes.subarray(at + TEXT_BYTES, at + SUM), crc32(bytes.subarray(at, at + FLAGS)))
  return crc32(bytes.subarray(at + RECORD_BYTES, at + RECORD_BYTES + text_bytes), fixed) | 0
}
