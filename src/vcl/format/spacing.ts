import type { FormatToken } from './tokens.ts'

/** Of which kind is a statement? What its first token says; some marks mean another thing in each. */
export type StatementKind = 'acl_entry' | 'acl' | 'include' | 'other'

export function statementKind(first: FormatToken): StatementKind {
  if (first.kind === 'string' || first.text === '!' || first.text === '(') return 'acl_entry'
  return first.text === 'acl' || first.text === 'include' ? first.text : 'other'
}

/** Marks that take a value on both sides. */
const BINARY = new Set(['||', '&&', '==', '!=', '<', '>', '<=', '>=', '~', '!~', '+', '-', '*', '/', '%'])
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/='])
/** Words before whose `(` there is a blank; behind others it is a call's. */
const SPACED = new Set(['if', 'elseif', 'elsif', 'elif', 'return', 'call', 'set', 'new'])

/** Can a line be broken behind this token? */
export function breaksBehind(text: string): boolean {
  return BINARY.has(text) || ASSIGNMENTS.has(text) || text === ',' || text === '('
}

/** Is a `-` (or `+`) here a sign, by what stands before it? */
export function isSign(token: FormatToken, before: FormatToken | undefined): boolean {
  if (token.text !== '-') return false
  return before === undefined || (before.kind === 'mark' && before.text !== ')')
}

export interface Surroundings {
  /** The first of the two is a sign of what follows. */
  readonly sign: boolean
  /** It is the word that begins the statement. */
  readonly first: boolean
  /** Inside parentheses, where `=` names an argument. */
  readonly inside: boolean
}

/** What stands between two tokens of a statement on one line. */
export function blankBetween(kind: StatementKind, before: FormatToken, token: FormatToken, { sign, first, inside }: Surroundings): boolean {
  if (before.kind === 'block_comment' || token.kind === 'block_comment' || token.kind === 'line_comment') return true
  const [a, b] = [before.text, token.text]
  if (token.kind === 'mark' && (b === ';' || b === ',' || b === ')')) return false
  if (before.kind === 'mark') {
    if (a === '(' || a === '.') return false
    if (a === '!') return kind === 'acl_entry' && !inside
    if (a === '=' && inside) return false
    if (sign) return b === '-' || b === '--'
    if (kind === 'acl_entry' && a === '/') return false
    if ((kind === 'acl' || kind === 'include') && (a === '+' || a === '-')) return false
  }
  if (token.kind !== 'mark') return !(before.kind === 'number' && token.kind === 'name')
  if (b === '.' || (b === '=' && inside)) return false
  if (b === '(') return opensWithBlank(before, first)
  return !(kind === 'acl_entry' && b === '/')
}

function opensWithBlank(before: FormatToken, first: boolean): boolean {
  if (before.kind === 'mark') return before.text !== ')'
  return first && before.kind === 'name' && SPACED.has(before.text.toLowerCase())
}
