import type { ByteSet } from './bytes.ts'

/** A pattern as PCRE2 reads it. Case and white space are settled: sets hold both cases, comments are gone. */
export type RegexNode =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | RepeatNode
  /** Capturing group; numbers as PCRE counts them: several may have the same, under (?|…). */
  | { readonly kind: 'capture'; readonly index: number; readonly item: RegexNode }
  /** Once matched, never re-entered: (?>…) and possessive quantifiers. */
  | { readonly kind: 'atomic'; readonly item: RegexNode }
  | LookNode
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | BackreferenceNode
  | ConditionNode
  /** (?R), (?1): the whole, or a group, once more from here. */
  | CallNode
  | { readonly kind: 'verb'; readonly verb: Verb }
  /** \K: what has been matched so far does not belong to the match. */
  | { readonly kind: 'keep' }

export interface RepeatNode {
  readonly kind: 'repeat'
  readonly item: RegexNode
  readonly min: number
  readonly max: number
  readonly lazy: boolean
}

export interface LookNode {
  readonly kind: 'look'
  readonly behind: boolean
  readonly negative: boolean
  /** Not (*napla:…), which may be re-entered. */
  readonly atomic: boolean
  readonly item: RegexNode
  /** Its alternatives, as they are written. */
  readonly options: readonly RegexNode[]
  /** How far each alternative of a lookbehind looks back; known at the end of the pattern. */
  readonly widths: readonly number[]
}

/** `indexes` become known at the end of the pattern: the groups of that name or number, the first that is set counts. */
export interface BackreferenceNode {
  readonly kind: 'backreference'
  readonly indexes: readonly number[]
  readonly fold: boolean
}

export interface CallNode {
  readonly kind: 'call'
  readonly index: number
}

export interface ConditionNode {
  readonly kind: 'condition'
  readonly test: Condition
  readonly yes: RegexNode
  readonly no: RegexNode
}

export type Condition =
  /** One of these groups is set. */
  | { readonly kind: 'set'; readonly indexes: readonly number[] }
  /** In a call of one of these groups; of any, for -1. */
  | { readonly kind: 'called'; readonly indexes: readonly number[] }
  | { readonly kind: 'known'; readonly value: boolean }
  | LookNode

export type Anchor = 'start' | 'end' | 'end_or_newline' | 'line_start' | 'line_end' | 'word' | 'not_word' | 'match_start'

/** The last four do nothing until backtracking comes to them: then the search fails, this start of it, or all up to here; or this alternative. */
export type Verb = 'accept' | 'fail' | 'commit' | 'prune' | 'skip' | 'then'

/** What a pattern says about itself before it begins: (*NOTEMPTY), … */
export interface RegexTree {
  readonly root: RegexNode
  /** Number of capturing groups. */
  readonly groups: number
  /** (*LIMIT_MATCH=n): it wants to be stopped earlier. */
  readonly limit: number
  readonly not_empty: 'never' | 'always' | 'at_start'
}

/** A pattern that is wrong or cannot be run; `offset` counts from the start of the pattern. */
export class RegexError extends Error {
  override readonly name = 'RegexError'
  readonly offset: number
  /** What to write instead. */
  readonly hint: string | undefined

  constructor(message: string, offset: number, hint?: string) {
    super(`${message} (at position ${offset + 1} of the pattern)`)
    this.offset = offset
    this.hint = hint
  }
}

export function children(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case 'sequence':
      return node.items
    case 'choice':
      return node.options
    case 'condition':
      return node.test.kind === 'look' ? [node.test, node.yes, node.no] : [node.yes, node.no]
    default:
      return 'item' in node ? [node.item] : []
  }
}

export function has(node: RegexNode, what: (node: RegexNode) => boolean): boolean {
  if (node.kind === 'set') return what(node)
  return what(node) || children(node).some((child) => has(child, what))
}
