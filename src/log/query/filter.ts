import { OperatorError } from '../../base/errors.ts'
import type { VclRegex } from '../../pattern/regex.ts'
import type { RecordCursor } from '../read/record-cursor.ts'
import type { LoggedTransaction } from '../read/transaction.ts'
import { compileOperand, matches } from './operand.ts'
import { addTagList, type TagSet } from './tag-list.ts'

/** -i, -I, -x, -X and -C, one after the other as they were given. */
export interface FilterOption {
  readonly name: string
  readonly value: string
}

/** Of these tags, or of any. */
interface PatternRule {
  readonly tags: TagSet | undefined
  readonly pattern: VclRegex
}

/** Which records of a group are shown. */
export class RecordFilter {
  private readonly hidden: TagSet = new Uint8Array(256)
  private readonly shown: PatternRule[] = []
  private readonly suppressed: PatternRule[] = []
  private has_seen = false
  private is_caseless = false

  /** Throws an OperatorError. Other options than its own are none of its business. */
  constructor(options: readonly FilterOption[]) {
    for (const { name, value } of options) {
      if (name === 'C') this.is_caseless = true
      else if (name === 'i' || name === 'x') this.tags(name, value)
      else if (name === 'I' || name === 'X') this.pattern(name, value)
    }
    this.hidden[0] = 1
  }

  shows(record: RecordCursor): boolean {
    if (this.shown.length > 0 && fits(this.shown, record)) return true
    if (this.suppressed.length > 0 && fits(this.suppressed, record)) return false
    return this.hidden[record.tag] === 0
  }

  private tags(name: 'i' | 'x', list: string): void {
    this.begin(name)
    const tags = tagsOf(name, list)
    for (let tag = 0; tag < tags.length; tag++) if (tags[tag] !== 0) this.hidden[tag] = name === 'x' ? 1 : 0
  }

  private pattern(name: 'I' | 'X', value: string): void {
    this.begin(name)
    const colon = value.indexOf(':')
    const tags = colon === -1 ? undefined : tagsOf(name, value.slice(0, colon))
    const rules = name === 'I' ? this.shown : this.suppressed
    try {
      rules.push({ tags, pattern: compileOperand(value.slice(colon + 1), this.is_caseless) })
    } catch (error) {
      throw new OperatorError(`-${name} ${value}: ${error instanceof Error ? error.message : 'cannot be compiled'}`)
    }
  }

  /** What is asked for first makes all else hidden. */
  private begin(name: string): void {
    if (!this.has_seen && name.toLowerCase() === 'i') this.hidden.fill(1)
    this.has_seen = true
  }
}

function tagsOf(name: string, list: string): TagSet {
  const tags = new Uint8Array(256)
  const fault = addTagList(tags, list)
  if (fault !== undefined) throw new OperatorError(`-${name}: "${list}" ${fault}; see docs/reference/log-tags.md`)
  return tags
}

function fits(rules: readonly PatternRule[], record: RecordCursor): boolean {
  for (const { tags, pattern } of rules) {
    if ((tags === undefined || tags[record.tag] !== 0) && matches(pattern, record.bytes.latin1Slice(record.start, record.end))) return true
  }
  return false
}

/** -b, -c and -E. */
export interface SideOptions {
  readonly backend: boolean
  readonly client: boolean
  readonly esi: boolean
}

/** Whether a transaction is one of those that were asked for. Without such an option all are. */
export function isAsked(sides: SideOptions, { kind, reason, records }: LoggedTransaction): boolean {
  const { backend, client, esi } = sides
  if (!backend && !client && !esi) return true
  if (kind !== 'raw') return kind === 'req' ? (client || esi) && (reason !== 'esi' || esi) : kind === 'bereq' && backend
  records.rewind()
  return records.next() && isOfSide(sides, records)
}

/** The same for a record. */
export function isOfSide({ backend, client, esi }: SideOptions, { side }: RecordCursor): boolean {
  if (!backend && !client && !esi) return true
  return side === 'backend' ? backend : side === 'client' && (client || esi)
}
