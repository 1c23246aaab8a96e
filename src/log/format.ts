import { TAGS, type TagRow } from './tags.ts'

/** Transaction ids have 30 bits and wrap, in VSLHEAD2 as well: they fit a small integer, and any program can tell them apart. 0 is no transaction. */
export const XID_MASK = 0x3fffffff
/** Set in the ids of sessions and requests. */
export const CLIENT = 0x40000000
/** In those of fetches. */
export const BACKEND = 0x80000000

/** The parameter vsl_version. The words of a record's head are as many. */
export type LogVersion = 2 | 3

/** What differs between the published formats. */
export interface LogFormat {
  readonly version: LogVersion
  /** First bytes of the segment. */
  readonly magic: string
  /** Words of a record before its payload: tag and length, then one word with id and side, or two. */
  readonly header_words: number
  /** A record's first word, its length left out, by the tag's number in this program. */
  readonly firsts: Uint32Array
  /** The tag's number in this program by the number on disk; 0: there is none. */
  readonly tags: Uint8Array
}

/** VSLHEAD2: the version of every record, between its tag and its length. */
export const RECORD_VERSION = 1 << 16

export const VSLHEAD1 = newFormat(2, 'VSLHEAD1', ({ number }) => number, 0)
export const VSLHEAD2 = newFormat(3, 'VSLHEAD2', ({ number2 }) => number2, RECORD_VERSION)

export function formatOf(version: LogVersion): LogFormat {
  return version === 2 ? VSLHEAD1 : VSLHEAD2
}

/** Of the segment that begins like that, if it is one. */
export function formatByMagic(magic: string): LogFormat | undefined {
  return [VSLHEAD1, VSLHEAD2].find((format) => format.magic === magic)
}

function newFormat(version: LogVersion, magic: string, numberOf: (row: TagRow) => number, flags: number): LogFormat {
  const firsts = new Uint32Array(256)
  const tags = new Uint8Array(256)
  for (const row of Object.values<TagRow>(TAGS)) {
    const number = numberOf(row)
    firsts[row.number] = (number << 24) | flags
    if (number !== 0) tags[number] = row.number
  }
  return { version, magic, header_words: version, firsts, tags }
}
