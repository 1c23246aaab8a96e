import { PURGE_BUCKET_ENTRIES, PURGE_ENTRY_BYTES } from '../purges/table.ts'

/** How an arena divides its memory: header, index, table of purges, table of segments, segments. */

/** Objects lie on multiples of this; a place is an offset in these units, so that it fits in 32 bits. */
export const UNIT_BYTES = 32
const UNITS_MAX = 2 ** 32
/** The largest arena. */
export const ARENA_BYTES_MAX = UNITS_MAX * UNIT_BYTES

export const HEADER_BYTES = 4096
/** Entries of a bucket: a lookup looks at these and no others. */
export const BUCKET_ENTRIES = 16
export const ENTRY_WORDS = 4
export const ENTRY_BYTES = ENTRY_WORDS * 4
const BUCKET_BYTES = BUCKET_ENTRIES * ENTRY_BYTES
/** One index entry for so many bytes of the arena: stored responses of this size, heads included, fill half of the entries. */
const BYTES_PER_ENTRY = 512

/** One entry of the table of purges for so many bytes of the arena: a 128th of it. A small one has as many as a larger one, but not more than a 64th. */
const BYTES_PER_PURGE = 4096
const BYTES_PER_PURGE_LEAST = 2048
const PURGES_FEW = 2 ** 15
const PURGES_MAX = 2 ** 21

export const SEGMENT_WORDS = 16
const SEGMENT_ROW_BYTES = SEGMENT_WORDS * 4

const SEGMENT_BYTES_MIN = 64 * 1024
const SEGMENT_BYTES_MAX = 1024 * 1024
/** Segments wanted; fewer when the arena is small, more when it is large. */
const SEGMENTS_WANTED = 256

/** What is kept of the ledger of invalidations in a file: a part of it, within bounds. */
const LEDGER_SHARE = 64
const LEDGER_BYTES_MIN = 64 * 1024
export const LEDGER_BYTES_MAX = 8 * 1024 * 1024

export interface Geometry {
  /** All of the arena. */
  readonly total_bytes: number
  /** Of a file: the ledger lies behind the header. */
  readonly ledger_bytes: number
  readonly buckets: number
  readonly segment_bytes: number
  readonly segments: number
  /** Of the table of purges. */
  readonly purges_bytes: number
  /** Where index, purges, table and segments begin. */
  readonly index_at: number
  readonly purges_at: number
  readonly table_at: number
  readonly segments_at: number
}

/** The same size has the same geometry, always: a file that was written by this version can be read by it. */
export function geometryFor(total_bytes: number, kind: 'memory' | 'file' = 'memory'): Geometry {
  const segment_bytes = segmentSize(total_bytes)
  const buckets = Math.max(1, Math.floor(total_bytes / BYTES_PER_ENTRY / BUCKET_ENTRIES))
  const ledger_bytes = kind === 'file' ? ledgerSize(total_bytes) : 0
  const index_at = HEADER_BYTES + ledger_bytes
  const purges_at = index_at + buckets * BUCKET_BYTES
  const purges_bytes = purgesSize(total_bytes)
  const table_at = purges_at + purges_bytes
  const most = Math.floor((total_bytes - table_at) / (segment_bytes + SEGMENT_ROW_BYTES))
  const segments_at = roundUp(table_at + most * SEGMENT_ROW_BYTES, 4096)
  const segments = Math.floor((total_bytes - segments_at) / segment_bytes)
  return { total_bytes, ledger_bytes, buckets, segment_bytes, segments, purges_bytes, index_at, purges_at, table_at, segments_at }
}

/** Whole buckets, and one for the floor. */
function purgesSize(total_bytes: number): number {
  const few = Math.min(PURGES_FEW, Math.floor(total_bytes / BYTES_PER_PURGE_LEAST))
  const entries = Math.max(few, Math.min(PURGES_MAX, Math.floor(total_bytes / BYTES_PER_PURGE)))
  return (1 + Math.ceil(entries / PURGE_BUCKET_ENTRIES)) * PURGE_BUCKET_ENTRIES * PURGE_ENTRY_BYTES
}

function ledgerSize(total_bytes: number): number {
  const share = roundUp(total_bytes / LEDGER_SHARE, 4096)
  return Math.max(LEDGER_BYTES_MIN, Math.min(LEDGER_BYTES_MAX, share))
}

function segmentSize(total_bytes: number): number {
  let size = SEGMENT_BYTES_MIN
  while (size < SEGMENT_BYTES_MAX && size * SEGMENTS_WANTED * 2 <= total_bytes) size *= 2
  return size
}

/** All its segments together. */
export function capacityOf({ segments, segment_bytes }: Geometry): number {
  return segments * segment_bytes
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

/** Units that so many bytes take. */
export function units(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES)
}
