import type { Clock } from '../../base/clock.ts'
import type { Group, Grouping } from './transaction.ts'

/** Which groups a query is true of: src/log/query makes one. */
export interface GroupTest {
  test(group: Group): boolean
}

/** -R: at most so many groups in so many seconds. */
export interface Rate {
  readonly count: number
  readonly period_s: number
}

/** -r: a file that -w has written, or `-` for standard input. */
export interface FilePlace {
  readonly file: string
}

/** -n: the work directory of a running server. */
export interface LivePlace {
  readonly directory: string
  /** -t: for how long it is waited for, Infinity for ever. */
  readonly patience_s: number
  /** -d: what is in the ring, from its beginning, and no more. */
  readonly history: boolean
}

export type LogPlace = FilePlace | LivePlace

/** What a tool reads from the log. */
export interface ReadOptions {
  readonly place: LogPlace
  /** -g */
  readonly grouping: Grouping
  /** -q, -Q */
  readonly query: GroupTest | undefined
  /** -L */
  readonly incomplete_max: number
  /** -T */
  readonly timeout_s: number
  /** -k: how many groups. */
  readonly groups_max: number | undefined
  /** -R */
  readonly rate: Rate | undefined
}

/** Whom the reading tells, and who steers it. */
export interface ReadHooks {
  readonly clock: Clock
  /** A line for standard error, without its end: "Log overrun". */
  complain(line: string): void
  /** There is something to read from. */
  begun?(): void
  /** Everything that is there has been read: output may be written out, a screen drawn. */
  idle?(): void
  /** How much of a file has been read, from time to time. */
  progress?(read_bytes: number, total_bytes: number | undefined): void
  /** Rests for so long, or until it is stopped. */
  pause(ms: number): Promise<void>
  /** Ends the reading when it is aborted. */
  readonly stop?: AbortSignal
  /** True once each time when incomplete groups are to be handed out (SIGUSR1). */
  flushAsked?(): boolean
}

/** `end`: of the file, or with -d of the ring; `enough`: groups_max, or the receiver wants no more; `stopped`: by the signal. */
export type Ended = 'end' | 'enough' | 'stopped'

/** Gets each group that the query is true of; false: that was enough. */
export type Deliver = (group: Group) => boolean | undefined | void
