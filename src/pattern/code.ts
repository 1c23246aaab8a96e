import type { ByteSet } from './bytes.ts'
import type { Anchor } from './tree.ts'

/** Instructions of the matcher; behind each its operands. */
export const OP = {
  match: 0,
  /** byte */
  byte: 1,
  /** set */
  set: 2,
  /** set, min, max, what follows (-1, or a set): as many as there are, then fewer */
  greedy: 3,
  /** set, min, max */
  lazy: 4,
  /** set, min, max: as many as there are */
  run: 5,
  /** where to go on when what follows fails */
  split: 6,
  jump: 7,
  /** register: the position */
  mark: 8,
  /** group, register of where it began */
  close: 9,
  /** which */
  anchor: 10,
  /** fold, n, n groups */
  backreference: 11,
  /** register */
  zero: 12,
  /** counter, min, max, lazy, end: one more round? */
  round: 13,
  /** counter, register of the round's beginning, min, max, round */
  next: 14,
  /** register of the round's beginning, end: a round that matched nothing is the last */
  unless_empty: 15,
  /** register of the height of the stack */
  atomic: 16,
  /** the same register */
  cut: 17,
  /** registers of height and position */
  look: 18,
  /** the same registers */
  look_end: 19,
  /** registers, where to go on when it does not match */
  not: 20,
  /** registers, where to go on because it did, or -1 to fail */
  not_end: 21,
  /** bytes */
  back: 22,
  /** else, n, n groups */
  if_set: 23,
  /** else, n, n groups */
  if_called: 24,
  /** group, where it begins */
  call: 25,
  fail: 26,
  /** end of the lookaround or -1, n, n pairs of a group and its register, from the innermost */
  accept: 27,
  keep: 28,
  /** register */
  return_to: 29,
  /** register of the height of the stack where this alternative began, or -1 */
  or_else: 30,
  prune: 31,
  skip: 32,
  commit: 33,
  /** register: the height of the stack */
  branch: 34,
} as const

export const ANCHORS: readonly Anchor[] = ['start', 'end', 'end_or_newline', 'line_start', 'line_end', 'word', 'not_word', 'match_start']

/** Counts beyond all. */
export const UNLIMITED = 0x7fffffff

/** A pattern for the matcher. */
export interface Program {
  readonly code: Int32Array
  /** 256 bytes for each set. */
  readonly sets: Uint8Array
  readonly groups: number
  /** Two for each group, then those of the instructions. */
  readonly registers: number
  /** Bytes that a match can begin with; undefined when it may be empty. */
  readonly first: ByteSet | undefined
  readonly start: 'anywhere' | 'subject' | 'line' | 'from'
}
