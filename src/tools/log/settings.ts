import { OperatorError, readFault } from '../../base/errors.ts'
import { readRuleFile } from '../../base/rule-file.ts'
import { parseDuration } from '../../base/units.ts'
import { isAsked, isOfSide, RecordFilter, type SideOptions } from '../../log/query/filter.ts'
import { compileQuery } from '../../log/query/query.ts'
import type { GroupTest, LogPlace, Rate, ReadOptions } from '../../log/read/options.ts'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import { type Group, type Grouping, GROUPINGS, type LoggedTransaction } from '../../log/read/transaction.ts'
import { placeOf as toolPlaceOf } from '../../shm/vsm/places.ts'
import type { GivenOptions } from '../options/parse.ts'
import { patience, seconds, wholeNumber } from '../options/values.ts'

/** What the options of all tools that read the log come to. Everything here throws an OperatorError for what is wrong. */

const INCOMPLETE_MAX = 1000
const TIMEOUT_S = 120

export function readOptionsOf(given: GivenOptions, sides: SideOptions = sidesOf(given)): ReadOptions {
  const grouping = groupingOf(given.last('g') ?? 'vxid')
  return {
    place: placeOf(given),
    grouping,
    query: grouping === 'vxid' ? askedOf(sides, queryOf(given)) : queryOf(given),
    incomplete_max: wholeNumber('L', given.last('L')) ?? INCOMPLETE_MAX,
    timeout_s: seconds('T', given.last('T')) ?? TIMEOUT_S,
    groups_max: wholeNumber('k', given.last('k')),
    rate: rateOf(given.last('R')),
  }
}

function sidesOf(given: GivenOptions): SideOptions {
  return { backend: given.has('b'), client: given.has('c'), esi: given.has('E') }
}

/** Transactions that are not shown, by -b, -c and -E, do not count for -k and -R. */
function askedOf(sides: SideOptions, query: GroupTest | undefined): GroupTest | undefined {
  if (!sides.backend && !sides.client && !sides.esi) return query
  return { test: (group) => isAsked(sides, group[0]) && (query === undefined || query.test(group)) }
}

/** Which transactions and records of a group are shown. */
export interface Shown {
  /** -b, -c and -E. */
  isAsked(transaction: LoggedTransaction): boolean
  /** -i, -I, -x and -X. */
  shows(record: RecordCursor): boolean
}

export function shownOf(given: GivenOptions): Shown {
  const sides = sidesOf(given)
  const filter = new RecordFilter(given.list)
  return { isAsked: (transaction) => isAsked(sides, transaction), shows: (record) => isOfSide(sides, record) && filter.shows(record) }
}

/** Calls `take` with each record of a group that is shown. */
export function eachShown(group: Group, shown: Shown, take: (record: RecordCursor) => void): void {
  for (const transaction of group) {
    if (!shown.isAsked(transaction)) continue
    const { records } = transaction
    records.rewind()
    while (records.next()) if (shown.shows(records)) take(records)
  }
}

/** All of -q and -Q, and any of them will do. */
function queryOf(given: GivenOptions): GroupTest | undefined {
  const texts = given.list.flatMap(({ name, value }) => (name === 'q' ? [value] : name === 'Q' ? [queryFile(value)] : []))
  if (texts.length === 0) return undefined
  const query = compileQuery(texts.join('\n'), given.has('C'))
  if (query === undefined) throw new OperatorError('the query is empty; leave -q and -Q out to see everything')
  return query
}

/** -w: undefined for standard output, which `-` is, too. With -D it has to be a file. */
export function outputFileOf(given: GivenOptions): string | undefined {
  const file = given.last('w')
  if (file !== undefined && file !== '-') return file
  if (given.has('D')) throw new OperatorError('-D: needs -w file: in the background there is nobody to print for')
  return undefined
}

function queryFile(path: string): string {
  try {
    return Buffer.from(readRuleFile(path), 'latin1').toString('utf8')
  } catch (error) {
    throw new OperatorError(`-Q ${path}: ${readFault(error)}`)
  }
}

function placeOf(given: GivenOptions): LogPlace {
  const file = given.last('r')
  const name = given.last('n')
  if (file === undefined) return { directory: toolPlaceOf(name), patience_s: patience(given.last('t')), history: given.has('d') }
  if (name !== undefined) throw new OperatorError('-n and -r exclude each other')
  return { file }
}

function groupingOf(text: string): Grouping {
  const wanted = text.toLowerCase()
  const found = GROUPINGS.filter((name) => name.startsWith(wanted))
  const [grouping] = found.includes(wanted as Grouping) ? [wanted as Grouping] : found
  if (wanted === '' || grouping === undefined || (found.length > 1 && grouping !== wanted))
    throw new OperatorError(`-g ${text}: give one of ${GROUPINGS.join(', ')}`)
  return grouping
}

/** `10`, `10/m` or `10/2m`. */
function rateOf(text: string | undefined): Rate | undefined {
  if (text === undefined) return undefined
  const [, count, , period = 's'] = /^([0-9]{1,9})(\/(.+))?$/.exec(text) ?? []
  const period_s = parseDuration(/^[0-9]/.test(period) ? period : `1${period}`)
  if (count === undefined || Number(count) === 0 || period_s === undefined || period_s <= 0)
    throw new OperatorError(`-R ${text}: give a number, or one and a duration, as in 10/2m`)
  return { count: Number(count), period_s }
}
