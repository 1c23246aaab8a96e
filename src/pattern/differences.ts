import { children, has, type RegexNode, type RepeatNode } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** What V8 can be asked about a pattern, written as a JavaScript pattern: it says the same as PCRE2 then. */
export interface Sameness {
  /** Whether there is a match. */
  readonly test: boolean
  /** Where it is, and what the groups took. */
  readonly find: boolean
}

const NEITHER: Sameness = { test: false, find: false }

export function samenessOf(root: RegexNode): Sameness {
  const facts = new Facts()
  facts.collect(root)
  if (facts.is_unknown || (facts.refers_back && (facts.has_twins || !backreferencesAreSet(root)))) return NEITHER
  // Without lookaround, atomic groups and backreferences a pattern stands for a set of texts, and order is nothing for `test`.
  if (facts.may_end_empty && facts.is_ordered) return NEITHER
  return { test: true, find: !facts.may_end_empty && !facts.has_twins && !facts.keeps && !facts.forgets }
}

/** What a pattern has in it, found in one pass. */
class Facts {
  is_unknown = false
  refers_back = false
  /** Lookaround, atomic groups or backreferences. */
  is_ordered = false
  may_end_empty = false
  /** Two groups of one number. */
  has_twins = false
  keeps = false
  forgets = false
  private readonly groups = new Set<number>()

  collect(node: RegexNode): void {
    if (node.kind === 'set') return
    if (node.kind === 'repeat') this.repeat(node)
    else if (node.kind === 'capture') this.capture(node.index)
    else if (node.kind !== 'sequence' && node.kind !== 'choice') this.rarer(node)
    for (const child of children(node)) this.collect(child)
  }

  private repeat(node: RepeatNode): void {
    if (node.item.kind === 'set') return
    this.may_end_empty ||= mayEndEmpty(node)
    this.forgets ||= forgets(node)
  }

  private capture(index: number): void {
    this.has_twins ||= this.groups.has(index)
    this.groups.add(index)
  }

  private rarer(node: RegexNode): void {
    const { kind } = node
    this.is_unknown ||= isUnknown(node)
    this.is_ordered ||= kind === 'look' || kind === 'atomic' || kind === 'backreference'
    this.refers_back ||= kind === 'backreference'
    this.keeps ||= kind === 'keep'
  }
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
function mayEndEmpty(node: RepeatNode): boolean {
  return node.max > node.min && canBeEmpty(node.item)
}

/** A group that not every round sets: PCRE2 keeps what an earlier round captured, JavaScript forgets it. */
function forgets(node: RepeatNode): boolean {
  if (node.max <= 1 || !has(node.item, ({ kind }) => kind === 'capture')) return false
  const always = setBy(node.item)
  return has(node.item, (inner) => inner.kind === 'capture' && !always.has(inner.index))
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
