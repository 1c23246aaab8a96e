import type { LoggedTransaction } from '../../log/read/transaction.ts'
import { field } from '../../log/formats/takes.ts'
import { TAG } from '../../log/tags.ts'
import type { Profile } from './profile.ts'

/** What a transaction adds to the histogram. */
export interface Measured {
  readonly value: number
  readonly is_hit: boolean
  /** When its last event was, in seconds since 1970; undefined when it has none. */
  readonly time_s: number | undefined
}

/** Reads as sscanf's %lf does: what stands before anything else is the number. */
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/

/** Undefined: it has no such record, or goes on in another transaction. */
export function measure({ records }: LoggedTransaction, profile: Profile): Measured | undefined {
  const take = field(profile.field)
  let [value, is_hit, time_s]: [number | undefined, boolean, number | undefined] = [undefined, false, undefined]
  records.rewind()
  while (records.next()) {
    const { tag } = records
    if (tag === TAG.Hit) is_hit = true
    else if (tag === TAG.VCL_return && goesOn(records.text)) return undefined
    if (tag === TAG.Timestamp) time_s = numberOf(WHEN(records.text)) ?? time_s
    if (tag !== profile.tag || !records.text.startsWith(profile.prefix)) continue
    value = numberOf(take(records.text)) ?? value
  }
  return value === undefined ? undefined : { value, is_hit, time_s }
}

const WHEN = field(2)

function goesOn(returned: string): boolean {
  const word = returned.toLowerCase()
  return word === 'restart' || word === 'retry'
}

function numberOf(text: string | undefined): number | undefined {
  const found = text === undefined ? null : NUMBER.exec(text)
  return found === null ? undefined : Number(found[0])
}
