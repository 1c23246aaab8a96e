import { type LogFormat, RECORD_VERSION, VSLHEAD1, VSLHEAD2, XID_MASK } from '../format.ts'
import { BATCH } from '../ring.ts'

/** The number in the place of a tag that says: a batch of records follows. */
export const BATCH_TAG = BATCH >>> 24

/** Which format a record is of that begins with this word. */
export function recordFormat(first: number): LogFormat {
  return (first & RECORD_VERSION) === 0 ? VSLHEAD1 : VSLHEAD2
}

/** Varnish since 7.3 has ids of 51 bits. */
const HIGH_MASK = 0x7ffff
const HIGH = 2 ** 32

/** The transaction of the record at `at`. */
export function vxidAt(words: Uint32Array, at: number, format: LogFormat): number {
  return format.header_words === 2 ? words[at + 1] & XID_MASK : (words[at + 2] & HIGH_MASK) * HIGH + words[at + 1]
}
