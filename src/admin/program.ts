import type { ParameterValues } from '../config/parameters.ts'
import type { Explanation } from '../explain/contract.ts'
import type { Asked } from '../explain/request.ts'
import type { RuleSets } from './rule-sets.ts'

export type ChildState = 'stopped' | 'starting' | 'running' | 'stopping'

/** A line of ban.list. */
export interface BanRow {
  readonly time_s: number
  readonly references: number
  readonly completed: boolean
  readonly text: string
}

/** A line of backend.list. */
export interface BackendRow {
  /** "boot.default" */
  readonly name: string
  readonly type: string
  readonly admin: 'probe' | 'healthy' | 'sick'
  readonly good: number
  readonly window: number
  /** What the probe says; `admin` may say otherwise. */
  readonly health: 'healthy' | 'sick'
  /** Epoch seconds. */
  readonly last_change_s: number
  /** What -p adds: lines of one cell or of several; none of a backend without a probe. */
  readonly details: readonly (readonly string[])[]
  /** The same as JSON. */
  readonly details_json: string
}

export interface StoreRow {
  readonly name: string
  readonly kind: string
}

export interface ParameterView {
  /** As they are set, also where that takes effect later. */
  values(): Readonly<ParameterValues>
  /** It means nothing here, but whoever sets it is not to know. */
  ignores?(name: string): boolean
  /** Resolves with whether it takes effect at the next `start` only. Rejects with an OperatorError that says what is allowed. */
  set(name: string, text: string): Promise<'now' | 'at start'>
}

/** A worker that died of a mistake. */
export interface Panic {
  readonly at_s: number
  readonly text: string
}

/** Who keeps what was asked and answered. */
export interface Transcript {
  read(words: readonly string[]): void
  wrote(status: number, body: string): void
}

/** The running program, as the admin commands see it. What cannot be done rejects with a Fault (fault.ts). */
export interface Program {
  readonly transcript?: Transcript
  readonly rules: RuleSets
  readonly parameters: ParameterView
  readonly pid: number
  now_s(): number
  state(): ChildState
  start(): Promise<void>
  stop(): Promise<void>
  /** Words of an expression: what it describes is no longer used. */
  ban(words: readonly string[]): Promise<void>
  /** Newest first. */
  bans(): readonly BanRow[]
  /** And directors. */
  backends(matches: (rules: string, backend: string) => boolean): Promise<readonly BackendRow[]>
  /** How many it was said of. */
  setHealth(matches: (rules: string, backend: string) => boolean, admin: 'probe' | 'healthy' | 'sick'): Promise<number>
  stores(): readonly StoreRow[]
  /** Takes one request through, and tells what became of it and why. */
  explain(asked: Asked): Promise<Explanation>
  /** The last one, until it is cleared. */
  panic(): Panic | undefined
  /** And how many there were, too. */
  clearPanic(counted: boolean): void
  /** What is listened on: name, address, port; of a unix socket its path, and `-`. */
  listening(): readonly (readonly [name: string, address: string, port: string])[]
  /** A command that changes something has been carried out, or refused, and why: for the operations log. */
  operated?(command: string, refused: string | undefined): void
  /** A command has been carried out: what is asked for next may be asked of what others see of us. */
  beforeAnswer?(): void
  /** The next transaction id; sets it first, if one is given: where workers have taken none yet, or give back what they have. */
  xid(next?: number): Promise<number>
  /** A worker dies of a mistake, to see what becomes of it. */
  panicWorker(): void
  /** What the banner says of itself. */
  readonly platform: string
  readonly version: string
}
