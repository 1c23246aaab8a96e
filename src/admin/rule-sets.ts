import type { VclSymbol } from '../vcl/symbol-table.ts'

/** What an operator wants of a rule set: `auto` ones cool down when they are not used, `warm` ones do not, `cold` ones cannot be used. */
export const RULE_STATES = ['auto', 'cold', 'warm'] as const
export type RuleState = (typeof RULE_STATES)[number]

/** A line of vcl.list: a rule set, or a label. */
export interface RuleRow {
  readonly name: string
  readonly status: 'active' | 'available' | 'discarded'
  readonly state: RuleState | 'label'
  readonly temperature: 'cold' | 'warm' | 'busy' | 'cooling'
  /** Requests and fetches that go by it, in all workers. */
  readonly busy: number
  /** Labels that point to it. */
  readonly labels: number
  /** Of a label: the rule set it points to, and how many others name it in return (vcl(..)). */
  readonly label: { readonly name: string; readonly refs: number } | undefined
}

/** A line of vcl.deps. */
export interface RuleDeps {
  readonly name: string
  readonly deps: readonly string[]
}

/** What a rule set declares. */
export interface RuleSymbols {
  readonly name: string
  readonly symbols: readonly VclSymbol[]
}

export interface RuleText {
  readonly path: string
  readonly text: string
}

/**
 * Rule sets of the whole program, and what an operator can do with them. Each operation is carried out on all workers when it resolves, one
 * after the other; what cannot be done rejects with a Fault (fault.ts) and has changed nothing.
 */
export interface RuleSets {
  /** From a file. Resolves with warnings, '' when there are none. */
  load(name: string, path: string, state?: string): Promise<string>
  /** From text. */
  inline(name: string, text: string, state?: string): Promise<string>
  /** A rule set or a label: requests that begin from now on go by it. */
  use(name: string): Promise<void>
  /** Shell patterns. They end when the last request is over that went by them. */
  discard(patterns: readonly string[]): Promise<void>
  label(label: string, name: string): Promise<void>
  state(name: string, state: string): Promise<void>
  list(): Promise<RuleRow[]>
  deps(): RuleDeps[]
  /** Without labels. */
  symbols(): RuleSymbols[]
  /** The text of each file it is made of, the main one first; the active one when no name is given. */
  show(name?: string): readonly RuleText[]
}
