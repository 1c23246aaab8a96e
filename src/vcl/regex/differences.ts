import { children, has, type RegexNode } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** What V8 can be asked about a pattern, written as a JavaScript pattern: it says the same as PCRE2 then. */
export interface Sameness {
  /** Whether there is a match. */
  readonly test: boolean
  /** Where it is, and what the groups took. */
  readonly find: boolean
}

export function samenessOf(root: RegexNode): Sameness {
  if (has(root, isUnknown) || !backreferencesAreSet(root)) return { test: false, find: false }
  // Without lookaround, atomic groups and backreferences a pattern stands for a set of texts, and order is nothing for `test`.
  const rounds = has(root, mayEndEmpty)
  if (rounds && has(root, ({ kind }) => kind === 'look' || kind === 'atomic' || kind === 'backreference'))
    return { test: false, find: false }
  const twins = hasTwins(root)
  if (twins && has(root, ({ kind }) => kind === 'backreference')) return { test: false, find: false }
  return { test: true, find: !rounds && !twins && !has(root, ({ kind }) => kind === 'keep') && !has(root, forgets) }
}

/** JavaScript has no words for it. */
function isUnknown(node: RegexNode): boolean {
  switch (node.kind) {
    case 'condition':
    case 'call':
      return true
    case 'verb':
      return node.verb !== 'fail'
    case 'anchor':
      return node.anchor === 'match_start'
    case 'look':
      return !node.atomic || (node.behind && has(node.item, ({ kind }) => kind === 'backreference'))
    case 'backreference':
      // JavaScript's `i` folds é as well.
      return node.fold || node.indexes.length > 1
    default:
      return false
  }
}

/** A round that matches nothing ends a repetition in PCRE2; in JavaScript it does not count. */
function mayEndEmpty(node: RegexNode): boolean {
  return node.kind === 'repeat' && node.max > node.min && canBeEmpty(node.item)
}

/** A group that not every round sets: PCRE2 keeps what an earlier round captured, JavaScript forgets it. */
function forgets(node: RegexNode): boolean {
  if (node.kind !== 'repeat' || node.max <= 1) return false
  const always = setBy(node.item)
  return has(node.item, (inner) => inner.kind === 'capture' && !always.has(inner.index))
}

/** Two groups of one number. */
function hasTwins(root: RegexNode): boolean {
  const seen = new Set<number>()
  return has(root, (node) => {
    if (node.kind !== 'capture') return false
    if (seen.has(node.index)) return true
    seen.add(node.index)
    return false
  })
}

const NONE: ReadonlySet<number> = new Set()

/** Groups that are set whenever the node has matched. */
function setBy(node: RegexNode): ReadonlySet<number> {
  switch (node.kind) {
    case 'capture':
      return new Set([node.index, ...setBy(node.item)])
    case 'sequence':
      return new Set(node.items.flatMap((item) => [...setBy(item)]))
    case 'choice': {
      const [first, ...rest] = node.options.map(setBy)
      return new Set([...first].filter((index) => rest.every((other) => other.has(index))))
    }
    case 'repeat':
      return node.min > 0 ? setBy(node.item) : NONE
    case 'atomic':
      return setBy(node.item)
    case 'look':
      return node.negative ? NONE : setBy(node.item)
    default:
      return NONE
  }
}

/** A backreference to a group that took no part fails in PCRE2, and matches nothing in JavaScript. */
function backreferencesAreSet(root: RegexNode): boolean {
  return check(root, new Set())
}

function check(node: RegexNode, set: ReadonlySet<number>): boolean {
  if (node.kind === 'backreference') return set.has(node.indexes[0])
  if (node.kind !== 'sequence') return children(node).every((child) => check(child, set))
  const now = new Set(set)
  for (const item of node.items) {
    if (!check(item, now)) return false
    for (const index of setBy(item)) now.add(index)
  }
  return true
}
