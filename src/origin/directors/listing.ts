import type { VclBackend } from '../../vcl/runtime/context.ts'
import type { Member } from './director.ts'

/** What backend.list says of a director, as one worker has it: plain data. */
export interface DirectorListed {
  readonly name: string
  /** "round-robin" */
  readonly type: string
  /** Members that are healthy, and all. */
  readonly good: number
  readonly count: number
  /** Epoch seconds: of the last of them to change. */
  readonly changed_s: number
  /** For -p: a heading, then a row for each member. */
  readonly members: readonly (readonly string[])[]
}

export function healthText({ healthy }: VclBackend): string {
  return healthy ? 'healthy' : 'sick'
}

/** Members beside one word each. */
export function memberRows(members: readonly Member[], heading: string, word: (member: Member, i: number) => string): string[][] {
  return [['Backend', heading, 'Health'], ...members.map((member, i) => [member.backend.name, word(member, i), healthText(member.backend)])]
}

/** What a member gets, by its weight, of what the healthy ones share. */
export function shareOf({ backend, weight }: Member, members: readonly Member[]): string {
  const total = members.reduce((sum, one) => sum + (one.backend.healthy ? one.weight : 0), 0)
  return `${(backend.healthy && total > 0 ? (100 * weight) / total : 0).toFixed(2)}%`
}
