import type { RecordCursor } from '../../log/read/record-cursor.ts'
import type { Group, Kind, LoggedTransaction } from '../../log/read/transaction.ts'
import { harmless } from '../screen/harmless.ts'
import { TAGS, tagName, type TagRow } from '../../log/tags.ts'
import type { Shown } from './settings.ts'

const TITLES: Readonly<Record<Kind, string>> = {
  unknown: '<< Unknown  >>',
  sess: '<< Session  >>',
  req: '<< Request  >>',
  bereq: '<< BeReq    >>',
  raw: '<< Record   >>',
}

/** What is printed as it is, and what only as codes. */
const QUOTED = new Set(Object.values<TagRow>(TAGS).flatMap((row) => (row.unsafe || row.binary ? [row.number] : [])))
const NAME_WIDTH = 14
const VXID_WIDTH = 10
const PADDED = Array.from({ length: 256 }, (_, tag) => (tagName(tag) ?? '(null)').padEnd(NAME_WIDTH))

const SIDE_LETTERS = { client: 'c', backend: 'b', none: '-' } as const

/** Codes of a terminal around what they are for; empty where there is none. */
export interface Colours {
  readonly title: string
  readonly tag: string
  readonly end: string
}

export const PLAIN: Colours = { title: '', tag: '', end: '' }
export const COLOURED: Colours = { title: '\x1b[1;36m', tag: '\x1b[32m', end: '\x1b[m' }

/** What is shown of a group, and how. */
export interface TextOptions extends Shown {
  /** -v */
  readonly verbose: boolean
  readonly colours: Colours
  /** It is looked at on a terminal, which is not to obey it. */
  readonly on_terminal?: boolean
}

/** A group as varnishlog prints it, bytes as latin1. */
export function groupText(group: Group, options: TextOptions): string {
  let text = ''
  let has_title = false
  for (const transaction of group) {
    if (!options.isAsked(transaction)) continue
    const { level, records } = transaction
    if (level > 0) text += title(transaction, options)
    has_title ||= level > 0
    const mark = level > 0 ? `${levelMark(level, '-')} ` : ''
    const verbose = options.verbose || level === 0
    records.rewind()
    while (records.next()) if (options.shows(records)) text += mark + recordText(records, verbose, options)
  }
  return has_title ? `${text}\n` : text
}

function title({ level, kind, vxid }: LoggedTransaction, { verbose, colours }: TextOptions): string {
  const { title: begin, end } = colours
  const name = `${verbose ? ' '.repeat(VXID_WIDTH + 1) : ''}${TITLES[kind].padEnd(NAME_WIDTH)} ${verbose ? '  ' : ''}`
  return `${begin}${levelMark(level, '*')} ${name}${String(vxid).padEnd(VXID_WIDTH)}${end}\n`
}

/** `**` and a blank, or beyond three the number. */
function levelMark(level: number, sign: string): string {
  return level > 3 ? `${sign}${level}${sign}` : sign.repeat(level).padEnd(3)
}

function recordText(record: RecordCursor, verbose: boolean, { colours: { tag: begin, end }, on_terminal = false }: TextOptions): string {
  const name = begin + PADDED[record.tag] + end
  const head = verbose ? `${String(record.vxid).padStart(VXID_WIDTH)} ${name} ${SIDE_LETTERS[record.side]} ` : `${name} `
  const text = QUOTED.has(record.tag) ? quoted(record) : record.text
  return `${head}${on_terminal ? harmless(text) : text}\n`
}

function quoted(record: RecordCursor): string {
  const { payload } = record
  let text = '"'
  for (const byte of payload) {
    text += byte >= 32 && byte <= 126 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return `${text}"`
}
