import type { VclImage } from '../vcl/instantiate.ts'

/** What is asked for: plain data, for a worker. */
export interface ExplainOrder {
  /** The request as a client would send it, with the empty line; bytes as latin1. */
  readonly head: string
  /** client.ip. */
  readonly ip: string
  /** The active rules, and those behind labels, compiled to tell what they do; by the ids of the rule sets that they are. */
  readonly rules: TracedRules
  readonly labels: readonly (readonly [label: string, rules: TracedRules])[]
  /** How long the answer may take; then what is known so far is told. */
  readonly patience_ms: number
}

export interface TracedRules {
  readonly id: number
  readonly image: VclImage
}

/** A statement of the rules that ran. */
export interface RuleEntry {
  readonly is: 'rule'
  readonly path: string
  readonly line: number
  /** The sub that it stands in. */
  readonly sub: string
  readonly text: string
  /** Of the built-in rules. */
  readonly builtin: boolean
  /** A condition: its value is what it came to. */
  readonly condition: boolean
  /** What it came to, or what a variable holds now; left out where there is nothing to tell. */
  value?: string | number | boolean | null
}

/** A log record. */
export interface RecordEntry {
  readonly is: 'record'
  readonly tag: string
  readonly text: string
}

/** What a person is told of a decision: sentences, and the numbers they are made of. */
export interface NoteEntry {
  readonly is: 'note'
  readonly about: 'key' | 'lookup' | 'backend' | 'freshness' | 'stored' | 'answer'
  readonly text: readonly string[]
  readonly facts: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
}

export type Entry = RuleEntry | RecordEntry | NoteEntry

/** A request, a restart of it, an include, or a fetch. */
export interface ExplainedTransaction {
  readonly xid: number
  readonly kind: string
  readonly parent: number
  /** rxreq, restart, esi, fetch, pass, bgfetch, retry. */
  readonly reason: string
  /** In their order. */
  readonly entries: readonly Entry[]
  /** It had not ended when this was told. */
  readonly unfinished: boolean
}

/** What the client got. */
export interface Outcome {
  /** complete; broken off; or not there yet. */
  readonly state: 'complete' | 'broken' | 'waiting'
  readonly status: number | null
  readonly reason: string
  readonly head_bytes: number
  readonly body_bytes: number
  readonly ms: number
}

export interface Explanation {
  readonly worker: number
  readonly rules: string
  readonly policy: string
  /** The request line. */
  readonly request: string
  readonly outcome: Outcome
  /** The client's request first. */
  readonly transactions: readonly ExplainedTransaction[]
  /** More happened than is told. */
  readonly truncated: boolean
}
