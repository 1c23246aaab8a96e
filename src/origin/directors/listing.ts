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
  /** The same, and more, for -j -p. */
  readonly details: DirectorDetails
}

interface Listed {
  readonly backend: VclBackend
}

export interface DirectorDetails {
  readonly backends: Readonly<Record<string, object>>
  readonly [more: string]: unknown
}

/** Members by their names, as -j -p has them. */
export function memberObjects<M extends Listed>(members: readonly M[], of: (member: M, i: number) => object): Record<string, object> {
  return Object.fromEntries(members.map((member, i) => [member.backend.name, { ...of(member, i), health: healthText(member.backend) }]))
}

function healthText({ healthy }: VclBackend): string {
  return healthy ? 'healthy' : 'sick'
}

/** Members beside one word each. */
export function memberRows<M extends Listed>(members: readonly M[], heading: string, word: (member: M, i: number) => string): string[][] {
  return [['Backend', heading, 'Health'], ...members.map((member, i) => [member.backend.name, word(member, i), healthText(member.backend)])]
}

/** What a member gets, by its weight, of what the healthy ones share. */
export function shareOf(member: Member, total: number): string {
  return `${(total > 0 ? (100 * weightOf(member)) / total : 0).toFixed(2).padStart(6)}%`
}

export function totalOf(members: readonly Member[]): number {
  return members.reduce((sum, member) => sum + weightOf(member), 0)
}

/** A sick one has none. */
export function weightOf({ backend, weight }: Member): number {
  return backend.healthy ? weight : 0
}
