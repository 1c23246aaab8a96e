import { TAGS, type TagRow } from '../tags.ts'

/**
 * The two published forms of a record, as readers see them. Within the program a tag has the number of the first; what a record of the second
 * says is looked up in `tags`.
 */
export interface RecordFormat {
  readonly version: 1 | 2
  /** Words of a record before its payload: tag and length, then the transaction in one word or two. */
  readonly header_words: 2 | 3
  /** Of the number in a record: that of the program; 0 for a number without a tag. */
  readonly tags: Uint8Array
  /** What stands before the segments of a ring. */
  readonly marker: string
}

/** Of the second form, in what a record's first word has between tag and length. */
const VERSION_BITS = 1 << 16
/** Those that the second form no longer has; the numbers of those behind have moved up. */
const GONE = ['BackendReuse', 'Backend', 'BackendStart']
/** The number in the place of a tag that says: a batch of records follows. */
export const BATCH_TAG = 255

const known = new Uint8Array(256)
const moved = new Uint8Array(256)
for (const [name, row] of Object.entries<TagRow>(TAGS)) {
  known[row.number] = row.number
  if (!GONE.includes(name)) moved[row.number - GONE.filter((gone) => numberOf(gone) < row.number).length] = row.number
}
known[BATCH_TAG] = BATCH_TAG
moved[BATCH_TAG] = BATCH_TAG

export const FORMAT_1: RecordFormat = { version: 1, header_words: 2, tags: known, marker: 'VSLHEAD1' }
export const FORMAT_2: RecordFormat = { version: 2, header_words: 3, tags: moved, marker: 'VSLHEAD2' }

/** Which of them a record is that begins with this word. */
export function formatOf(first: number): RecordFormat {
  return (first & VERSION_BITS) === 0 ? FORMAT_1 : FORMAT_2
}

/** First word of a record, without its length. */
export function firstWord(format: RecordFormat, tag: number, length: number): number {
  const wire = format.version === 1 ? tag : format.tags.indexOf(tag)
  return ((wire << 24) | (format.version === 1 ? 0 : VERSION_BITS) | length) >>> 0
}

const ID_MASK = 0x3fffffff
const HIGH_MASK = 0x7ffff
const HIGH = 2 ** 32

/** The transaction of the record at `at`. */
export function vxidAt(words: Uint32Array, at: number, format: RecordFormat): number {
  return format.version === 1 ? words[at + 1] & ID_MASK : (words[at + 2] & HIGH_MASK) * HIGH + words[at + 1]
}

function numberOf(name: string): number {
  return (TAGS as Readonly<Record<string, TagRow>>)[name].number
}
