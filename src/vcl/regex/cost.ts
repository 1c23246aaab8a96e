import { ANY_BYTE, NO_BYTE, overlaps, union, type ByteSet } from './bytes.ts'
import { firstOf, isAnchored } from './first.ts'
import { children, has, type RegexNode, type RepeatNode } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** V8's linear engine copies what is counted; beyond this many copies it declines. */
const MAX_COPIES = 16

/** Can V8 fall back to its linear engine? Neither lookaround nor backreferences (atomic groups are made of both). */
export function isLinear(node: RegexNode, copies = 1): boolean {
  if (node.kind === 'look' || node.kind === 'atomic' || node.kind === 'backreference') return false
  if (node.kind === 'anchor') return node.anchor !== 'line_start' && node.anchor !== 'line_end'
  let inside = copies
  if (node.kind === 'repeat') inside *= Math.max(node.min, node.max === Infinity ? 1 : node.max, 1)
  return inside <= MAX_COPIES && children(node).every((child) => isLinear(child, inside))
}

/** Steps that V8 may take where nothing stops it: some ten milliseconds. */
const STEPS_MAX = 2 ** 23
/** Where it falls back to the linear engine after so many backtracks: those of a run of one set of bytes are quick, and it does not count them. */
const STEPS_MAX_LINEAR = 2 ** 25
/** Up to here falling back is soon enough, whatever the pattern. */
export const LENGTH_LINEAR = 1024
const LENGTH_MAX = 2 ** 17
/** States of the linear engine times bytes: some 20 ns each. */
const STATES_MAX = 2 ** 23

/** The longest subjects that V8 can be given, so that it is bounded in time whatever they are. */
export interface Lengths {
  /** Its backtracking engine. */
  readonly backtracking: number
  /** Its linear engine; -1 when that does not take the pattern. */
  readonly linear: number
}

export function safeLengths(root: RegexNode): Lengths {
  if (!isLinear(root)) return { backtracking: longestSafe(root, STEPS_MAX), linear: -1 }
  const backtracking = Math.max(LENGTH_LINEAR, longestSafe(root, STEPS_MAX_LINEAR))
  return { backtracking, linear: Math.floor(STATES_MAX / statesOf(root)) }
}

/** About the longest subject on which an engine that backtracks without bounds takes at most so many steps. */
function longestSafe(root: RegexNode, steps_max: number): number {
  let safe = 0
  for (let length = 32; length <= LENGTH_MAX && stepsAtMost(root, length) <= steps_max; length = Math.ceil(length * 1.4)) safe = length
  return safe
}

function statesOf(node: RegexNode): number {
  const inside = children(node).reduce((sum, child) => sum + statesOf(child), 1)
  return node.kind === 'repeat' ? inside * Math.max(node.min, node.max === Infinity ? 1 : node.max, 1) : inside
}

function stepsAtMost(root: RegexNode, length: number): number {
  const starts = isAnchored(root, 'start') ? 1 : length
  const compared = has(root, (node) => node.kind === 'backreference') ? length : 1
  return starts * new Ways(length).of(root, NO_BYTE) * (2 * length + 16) * compared
}

/** An upper bound of the number of ways that a subject of this length can be divided among the parts of a pattern. */
class Ways {
  private readonly length: number

  constructor(length: number) {
    this.length = length
  }

  /** `follow`: bytes that may come behind. */
  of(node: RegexNode, follow: ByteSet): number {
    switch (node.kind) {
      case 'sequence':
        return this.ofSequence(node.items, follow)
      case 'choice':
        return this.ofChoice(node.options, follow)
      case 'repeat':
        return this.ofRepeat(node, follow)
      case 'capture':
        return this.of(node.item, follow)
      case 'atomic':
      case 'look':
        // Tried anew at each way through what is before it.
        return this.of(node.item, ANY_BYTE)
      default:
        return 1
    }
  }

  private ofSequence(items: readonly RegexNode[], follow: ByteSet): number {
    let ways = 1
    let behind = follow
    for (let i = items.length - 1; i >= 0; i--) {
      ways *= this.of(items[i], behind)
      behind = beginning(items[i], behind)
    }
    return ways
  }

  private ofChoice(options: readonly RegexNode[], follow: ByteSet): number {
    const ways = options.map((option) => this.of(option, follow))
    return areApart(options.map((option) => beginning(option, follow))) ? Math.max(...ways) : ways.reduce((sum, more) => sum + more)
  }

  private ofRepeat({ item, min, max }: RepeatNode, follow: ByteSet): number {
    const again = beginning(item, NO_BYTE)
    const last = this.of(item, follow)
    const rounds = Math.min(max, this.length)
    // Each round that matches nothing could be there or not.
    if (max > 1 && canBeEmpty(item)) return Infinity
    // Where to stop is known by the next byte, or may be anywhere.
    const stops = min === max || (last === 1 && !overlaps(again, follow)) ? 1 : rounds - Math.min(min, rounds) + 1
    const others = max > 1 ? this.of(item, again) : 1
    return others === 1 ? stops * last : stops * last * others ** rounds
  }
}

function areApart(sets: readonly ByteSet[]): boolean {
  let seen: ByteSet = NO_BYTE
  for (const set of sets) {
    if (overlaps(seen, set)) return false
    seen = union(seen, set)
  }
  return true
}

/** What a node begins with, where nothing but a byte decides. */
function beginning(node: RegexNode, follow: ByteSet): ByteSet {
  if (node.kind === 'anchor') return node.anchor === 'end' || node.anchor === 'end_or_newline' ? NO_BYTE : ANY_BYTE
  if (node.kind === 'sequence') return node.items.reduceRight((behind, item) => beginning(item, behind), follow)
  if (has(node, ({ kind }) => kind === 'anchor' || kind === 'look' || kind === 'keep' || kind === 'backreference')) return ANY_BYTE
  const { set, empty } = firstOf(node)
  return empty ? union(set, follow) : set
}
