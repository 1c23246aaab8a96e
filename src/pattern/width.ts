import type { RegexNode } from './tree.ts'

/** Number of bytes a node always matches; undefined when it varies. `groupWidth` knows the groups of calls and backreferences. */
export function fixedWidth(node: RegexNode, groupWidth: (index: number) => number | undefined): number | undefined {
  const widthOf = (item: RegexNode) => fixedWidth(item, groupWidth)
  switch (node.kind) {
    case 'set':
      return 1
    case 'capture':
    case 'atomic':
      return widthOf(node.item)
    case 'repeat': {
      // PCRE2 overlooks how often a lookahead is asked for.
      if (node.item.kind === 'look' && !node.item.behind) return 0
      const width = widthOf(node.item)
      return width === undefined || node.min !== node.max ? undefined : width * node.min
    }
    case 'sequence':
      return sequenceWidth(node.items, widthOf)
    case 'choice':
      return same(node.options.map(widthOf))
    case 'condition':
      // (?(DEFINE)…) is never matched.
      return node.test.kind === 'known' && !node.test.value ? 0 : same([widthOf(node.yes), widthOf(node.no)])
    case 'call':
      return groupWidth(node.index)
    case 'backreference':
      return node.indexes.length === 1 ? groupWidth(node.indexes[0]) : undefined
    default:
      return 0
  }
}

function sequenceWidth(items: readonly RegexNode[], widthOf: (item: RegexNode) => number | undefined): number | undefined {
  let sum = 0
  for (const item of items) {
    // Nothing behind it is ever reached.
    if (item.kind === 'verb' && (item.verb === 'accept' || item.verb === 'fail')) return sum
    const width = widthOf(item)
    if (width === undefined) return undefined
    sum += width
  }
  return sum
}

function same(widths: readonly (number | undefined)[]): number | undefined {
  return widths.every((width) => width === widths[0]) ? widths[0] : undefined
}

/** Can it match the empty string? */
export function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'capture':
    case 'atomic':
      return canBeEmpty(node.item)
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.item)
    case 'sequence':
      return node.items.every(canBeEmpty)
    case 'choice':
      return node.options.some(canBeEmpty)
    default:
      return true
  }
}
