import { ANY_BYTE, NO_BYTE, union, type ByteSet } from './bytes.ts'
import { has, type Anchor, type RegexNode } from './tree.ts'

/** What a node can begin with; `empty` when it may match nothing, so that what follows counts as well. */
export interface First {
  readonly set: ByteSet
  readonly empty: boolean
}

const NOTHING: First = { set: NO_BYTE, empty: true }
/** Not known: anything, or nothing. */
const UNKNOWN: First = { set: ANY_BYTE, empty: true }

export function firstOf(node: RegexNode): First {
  switch (node.kind) {
    case 'set':
      return { set: node.set, empty: false }
    case 'sequence':
      return firstOfSequence(node.items)
    case 'choice':
      return either(node.options.map(firstOf))
    case 'repeat': {
      const first = firstOf(node.item)
      return node.min === 0 ? { set: first.set, empty: true } : first
    }
    case 'capture':
    case 'atomic':
      return firstOf(node.item)
    case 'condition':
      return either([firstOf(node.yes), firstOf(node.no)])
    case 'verb':
    case 'look':
    case 'anchor':
    case 'keep':
      return NOTHING
    default:
      return UNKNOWN
  }
}

export function firstOfSequence(items: readonly RegexNode[]): First {
  let set: ByteSet = NO_BYTE
  for (const item of items) {
    const first = firstOf(item)
    set = union(set, first.set)
    if (!first.empty) return { set, empty: false }
  }
  return { set, empty: true }
}

function either(firsts: readonly First[]): First {
  return { set: firsts.map(({ set }) => set).reduce(union), empty: firsts.some(({ empty }) => empty) }
}

/** Bytes that a match can begin with; undefined when it may be empty. */
export function firstBytes(root: RegexNode): ByteSet | undefined {
  const { set, empty } = firstOf(root)
  if (empty || has(root, (node) => node.kind === 'verb' && node.verb === 'accept')) return undefined
  // Where a search begins makes a difference to them: PCRE2 looks for the first byte when there is only one, in one case or both.
  if (has(root, ({ kind }) => kind === 'verb') && new Set(bytesOf(set).map((byte) => byte & 0xdf)).size > 1) return undefined
  return set
}

function bytesOf(set: ByteSet): number[] {
  return [...set.keys()].filter((byte) => set[byte] === 1)
}

/** Does every way begin with this anchor? */
export function isAnchored(node: RegexNode, anchor: Anchor): boolean {
  switch (node.kind) {
    case 'anchor':
      return node.anchor === anchor
    case 'sequence':
      return node.items.length > 0 && isAnchored(node.items[0], anchor)
    case 'choice':
      return node.options.every((option) => isAnchored(option, anchor))
    case 'capture':
    case 'atomic':
      return isAnchored(node.item, anchor)
    default:
      return false
  }
}

/** Begins with `.*`, so that where it fails it fails in the rest of the line as well. */
export function startsLines(node: RegexNode): boolean {
  if (node.kind === 'sequence') return node.items.length > 0 && startsLines(node.items[0])
  return node.kind === 'repeat' && node.min === 0 && node.max === Infinity && node.item.kind === 'set' && isDot(node.item.set)
}

function isDot(set: ByteSet): boolean {
  return set.every((bit, byte) => bit === 1 || byte === 10)
}
