import { type LogFormat, VSLHEAD1, VSLHEAD2 } from '../format.ts'

/** The number in the place of a tag that says: a batch of records follows. */
export const BATCH_TAG = 255

/** Of the second format, in what a record's first word has between tag and length. */
const VERSION_BITS = 1 << 16

/** Which format a record is of that begins with this word. */
export function recordFormat(first: number): LogFormat {
  return (first & VERSION_BITS) === 0 ? VSLHEAD1 : VSLHEAD2
}

const ID_MASK = 0x3fffffff
/** Varnish since 7.3 has ids of 51 bits. */
const HIGH_MASK = 0x7ffff
const HIGH = 2 ** 32

/** The transaction of the record at `at`. */
export function vxidAt(words: Uint32Array, at: number, format: LogFormat): number {
  return format.header_words === 2 ? words[at + 1] & ID_MASK : (words[at + 2] & HIGH_MASK) * HIGH + words[at + 1]
}
