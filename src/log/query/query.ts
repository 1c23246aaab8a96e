import type { GroupTest } from '../read/options.ts'
import type { RecordCursor } from '../read/record-cursor.ts'
import type { Group, LoggedTransaction } from '../read/transaction.ts'
import type { Comparison, Expression, Level, NumberOperator, Selection } from './expression.ts'
import { NumberReader } from './numbers.ts'
import { matches } from './operand.ts'
import { parseQuery } from './parser.ts'
import { lower, Selector } from './selector.ts'

/** Undefined: there is nothing in it but comments. Throws an OperatorError that shows what is wrong with it. */
export function compileQuery(query: string, caseless: boolean): GroupTest | undefined {
  const expression = parseQuery(query, caseless)
  return expression === undefined ? undefined : testOf(expression)
}

function testOf(expression: Expression): GroupTest {
  switch (expression.kind) {
    case 'or': {
      const tests = expression.items.map(testOf)
      return { test: (group) => tests.some((item) => item.test(group)) }
    }
    case 'and': {
      const tests = expression.items.map(testOf)
      return { test: (group) => tests.every((item) => item.test(group)) }
    }
    case 'not': {
      const item = testOf(expression.item)
      return { test: (group) => !item.test(group) }
    }
    case 'vxid': {
      const { value } = expression
      const holds = COMPARISONS[expression.operator]
      return { test: (group) => group.some(({ vxid }) => holds(vxid, value)) }
    }
    default:
      return new RecordTest(expression.selection, partOf(expression.selection, expression.comparison))
  }
}

/** Is there a record of these tags, in a transaction of this level, of which it is true? */
class RecordTest implements GroupTest {
  private readonly tags: Uint8Array
  private readonly level: Level | undefined
  private readonly part: PartTest | undefined

  constructor({ tags, level }: Selection, part: PartTest | undefined) {
    this.tags = tags
    this.level = level
    this.part = part
  }

  test(group: Group): boolean {
    for (const transaction of group) {
      if (isOnLevel(transaction, this.level) && this.finds(transaction.records)) return true
    }
    return false
  }

  private finds(records: RecordCursor): boolean {
    const { tags, part } = this
    records.rewind()
    while (records.next()) {
      if (tags[records.tag] !== 0 && (part === undefined || part(records))) return true
    }
    return false
  }
}

function isOnLevel(transaction: LoggedTransaction, level: Level | undefined): boolean {
  if (level === undefined) return true
  if (level.direction === 'at least') return transaction.level >= level.value
  return level.direction === 'at most' ? transaction.level <= level.value : transaction.level === level.value
}

type PartTest = (record: RecordCursor) => boolean

/** Undefined: any record will do. */
function partOf(selection: Selection, comparison: Comparison | undefined): PartTest | undefined {
  const selector = new Selector(selection)
  if (comparison === undefined) {
    return selection.prefix === undefined && selection.field === 0 ? undefined : (record) => selector.select(record)
  }
  const test = comparisonOf(comparison)
  return (record) => selector.select(record) && test(record, selector.from, selector.to)
}

type Test = (record: RecordCursor, from: number, to: number) => boolean

const numbers = new NumberReader()

function comparisonOf(comparison: Comparison): Test {
  switch (comparison.kind) {
    case 'integer': {
      const { value } = comparison
      const holds = COMPARISONS[comparison.operator]
      return ({ bytes }, from, to) => numbers.read(bytes, from, to, false) && holds(numbers.whole, value)
    }
    case 'float': {
      const { value } = comparison
      const holds = COMPARISONS[comparison.operator]
      return ({ bytes }, from, to) => numbers.read(bytes, from, to, true) && holds(numbers.thousandths, value)
    }
    case 'text': {
      const { negated, caseless } = comparison
      const wanted = Buffer.from(comparison.value, 'latin1')
      const same = caseless ? sameButCase : sameBytes
      const text = caseless ? wanted.map(lower) : wanted
      return ({ bytes }, from, to) => same(bytes, from, to, text) !== negated
    }
    default: {
      const { negated, pattern } = comparison
      return ({ bytes }, from, to) => matches(pattern, bytes.latin1Slice(from, to)) !== negated
    }
  }
}

const COMPARISONS: Readonly<Record<NumberOperator, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

function sameBytes(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false
  return true
}

function sameButCase(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false
  for (let i = 0; i < text.length; i++) if (lower(bytes[from + i]) !== text[i]) return false
  return true
}
