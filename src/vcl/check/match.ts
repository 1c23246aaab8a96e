import type { Expression, MatchExpression, Place } from '../ast.ts'
import { messageOf } from '../../base/errors.ts'
import type { Checking } from './checking.ts'
import { checkValue, expect } from './expression.ts'
import { RegexError } from '../../pattern/tree.ts'
import { checkRegex } from '../../pattern/regex.ts'
import type { Value } from './program.ts'
import { describe } from './symbols.ts'
import { valueType, type VclType } from './types.ts'

/** `~` and `!~`: STRING with a literal regex, or IP with an ACL; nothing else. */
export function checkMatch(k: Checking, node: MatchExpression, want: VclType | undefined): Value | undefined {
  const subject = checkValue(k, node.left, want === 'STRING' ? want : undefined)
  if (subject === undefined) return k.markUsed(node.right)
  const type = valueType(subject.type)
  if (type === 'IP') return checkAclMatch(k, node, subject)
  if (type !== 'STRING') return k.error(node.op_at, `${describe(subject.type)} ~ is not possible`, 'only STRING ~ regex and IP ~ acl')
  const pattern = constantText(k, node.right)
  if (pattern === undefined || !checkPattern(k, node.right, pattern)) return undefined
  return { kind: 'match', type: 'BOOL', negated: node.negated, subject, pattern }
}

function checkAclMatch(k: Checking, node: MatchExpression, subject: Value): Value | undefined {
  const { right } = node
  if (right.kind === 'string') return k.error(right.at, 'IP ~ takes the name of an acl', 'compare one address with ==')
  const acl = expect(k, right, 'ACL')
  return acl?.kind === 'acl' ? { kind: 'match_acl', type: 'BOOL', negated: node.negated, subject, acl: acl.index } : undefined
}

/** A text known at load: a literal, or literals joined with +. */
export function constantText(k: Checking, node: Expression): string | undefined {
  if (node.kind === 'symbol' && k.find(node.text)?.kind === 'acl') {
    return k.error(node.at, 'STRING ~ takes a regex, not an acl', 'an acl matches an IP: std.ip(text, fallback) ~ name')
  }
  const errors = k.errors.length
  const value = checkValue(k, node, undefined)
  if (value?.kind === 'text') return value.text
  if (k.errors.length > errors) return undefined
  return k.error(node.at, 'a regex must be a literal', 'it is compiled when the rules are loaded', 'regex')
}

/** To know that it can be compiled; a complaint points into the literal where that is possible. */
export function checkPattern(k: Checking, node: Expression, pattern: string): boolean {
  if (k.sound_patterns.has(pattern)) return true
  try {
    checkRegex(pattern)
    k.sound_patterns.add(pattern)
    return true
  } catch (error) {
    // The engine itself may refuse as well: a pattern can be too large for it.
    if (error instanceof RegexError) k.error(placeInside(node, error.offset), `regex: ${error.message}`, error.hint, 'regex')
    else k.error(node.at, `regex: ${messageOf(error)}`, undefined, 'regex')
    return false
  }
}

/** The place of one character of a literal; of the whole expression when it is joined or spans lines. */
function placeInside(node: Expression, offset: number): Place {
  if (node.kind !== 'string' || node.value.slice(0, offset).includes('\n')) return node.at
  const skipped = (node.at.length - node.value.length) / 2 + offset
  return { ...node.at, offset: node.at.offset + skipped, column: node.at.column + skipped, length: 1 }
}
