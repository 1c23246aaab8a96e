import type { VclRegex } from '../../pattern/regex.ts'
import type { TagSet } from './tag-list.ts'

/** A query as it was parsed. */
export type Expression =
  | { readonly kind: 'or' | 'and'; readonly items: readonly Expression[] }
  | { readonly kind: 'not'; readonly item: Expression }
  | { readonly kind: 'vxid'; readonly operator: NumberOperator; readonly value: number }
  | { readonly kind: 'records'; readonly selection: Selection; readonly comparison: Comparison | undefined }

/** Which records: `{level}taglist:prefix[field]`. */
export interface Selection {
  readonly level: Level | undefined
  readonly tags: TagSet
  /** Bytes as latin1, in small letters. */
  readonly prefix: string | undefined
  /** Counted from 1; 0: the whole text. */
  readonly field: number
}

export interface Level {
  readonly value: number
  readonly direction: 'exactly' | 'at least' | 'at most'
}

export const NUMBER_OPERATORS = ['==', '!=', '<', '<=', '>', '>='] as const
export type NumberOperator = (typeof NUMBER_OPERATORS)[number]

/** What their text is compared with; without one it is enough that there is a record. */
export type Comparison =
  /** A float in thousandths. */
  | { readonly kind: 'integer' | 'float'; readonly operator: NumberOperator; readonly value: number }
  /** Bytes as latin1. */
  | { readonly kind: 'text'; readonly negated: boolean; readonly value: string; readonly caseless: boolean }
  | { readonly kind: 'pattern'; readonly negated: boolean; readonly pattern: VclRegex }
