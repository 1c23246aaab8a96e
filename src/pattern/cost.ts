import { ANY_BYTE, NO_BYTE, overlaps, union, type ByteSet } from './bytes.ts'
import { isAnchored } from './first.ts'
import { children, has, type RegexNode, type RepeatNode } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** V8's linear engine copies what is counted; beyond this many copies it declines. */
const MAX_COPIES = 16

/** May V8's linear engine take it? V8 itself has the last word. Neither lookaround nor backreferences (atomic groups are made of both). */
export function isLinear(node: RegexNode, copies = 1): boolean {
  if (node.kind === 'atomic' || node.kind === 'backreference') return false
  if (node.kind === 'look' && (!node.behind || has(node, ({ kind }) => kind === 'capture'))) return false
  if (node.kind === 'anchor') return node.anchor !== 'line_start' && node.anchor !== 'line_end'
  const inside = node.kind === 'repeat' ? copies * copiesOf(node) : copies
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

export function safeLengths(root: RegexNode, is_linear: boolean): Lengths {
  if (!is_linear) return { backtracking: longestSafe(root, STEPS_MAX), linear: -1 }
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
  return node.kind === 'repeat' ? inside * copiesOf(node) : inside
}

function copiesOf({ min, max }: RepeatNode): number {
  return Math.max(1, max === Infinity ? min : max)
}

function stepsAtMost(root: RegexNode, length: number): number {
  const starts = isAnchored(root, 'start') ? 1 : length
  return starts * new Bounds(length).of(root, NO_BYTE).cost
}

interface Bound {
  /** In how many ways a text can be divided among the parts of the node: how often what follows it is tried. */
  readonly ways: number
  /** Steps to try them all. */
  readonly cost: number
}

const ONE: Bound = { ways: 1, cost: 1 }

/** Upper bounds for any subject of this length. */
class Bounds {
  private readonly length: number

  constructor(length: number) {
    this.length = length
  }

  /** `follow`: bytes that may come behind. */
  of(node: RegexNode, follow: ByteSet): Bound {
    switch (node.kind) {
      case 'sequence':
        return this.ofSequence(node.items, follow)
      case 'choice':
        return this.ofChoice(node.options, follow)
      case 'repeat':
        return node.item.kind === 'set' ? this.ofRun(node.item.set, node, follow) : this.ofRounds(node, follow)
      case 'capture':
        return this.of(node.item, follow)
      case 'atomic':
        // What it took is compared with itself once more.
        return { ways: 1, cost: this.of(node.item, ANY_BYTE).cost + this.length }
      case 'look':
        return { ways: 1, cost: this.of(node.item, ANY_BYTE).cost }
      case 'backreference':
        return { ways: 1, cost: this.length }
      default:
        return ONE
    }
  }

  private ofSequence(items: readonly RegexNode[], follow: ByteSet): Bound {
    const follows: ByteSet[] = []
    items.reduceRight((behind, item, i) => beginning(item, (follows[i] = behind)), follow)
    let bound: Bound = { ways: 1, cost: 0 }
    for (const [i, item] of items.entries()) {
      const { ways, cost } = this.of(item, follows[i])
      bound = { ways: bound.ways * ways, cost: bound.cost + bound.ways * cost }
    }
    return bound
  }

  private ofChoice(options: readonly RegexNode[], follow: ByteSet): Bound {
    const bounds = options.map((option) => this.of(option, follow))
    const apart = areApart(options.map((option) => beginning(option, follow)))
    const ways = bounds.reduce((sum, bound) => (apart ? Math.max(sum, bound.ways) : sum + bound.ways), 0)
    return { ways, cost: bounds.reduce((sum, { cost }) => sum + cost, 0) }
  }

  /** As many as there are, and then, unless the next byte says where to stop, what follows after each. */
  private ofRun(set: ByteSet, { min, max }: RepeatNode, follow: ByteSet): Bound {
    const most = Math.min(max, this.length)
    const ways = min === max || !overlaps(set, follow) ? 1 : most - Math.min(min, most) + 1
    return { ways, cost: 2 * most + 1 }
  }

  private ofRounds({ item, min, max }: RepeatNode, follow: ByteSet): Bound {
    const again = beginning(item, NO_BYTE)
    const last = this.of(item, follow)
    const stops_by_byte = !overlaps(again, follow)
    if (max <= 1) return { ways: min === 1 || stops_by_byte ? last.ways : last.ways + 1, cost: last.cost + 1 }
    // Each round that matches nothing could be there or not.
    if (canBeEmpty(item)) return { ways: Infinity, cost: Infinity }
    const other = this.of(item, again)
    const rounds = Math.min(max, this.length)
    const divided = other.ways === 1 ? 1 : other.ways ** rounds
    const stops = min === max || (last.ways === 1 && stops_by_byte) ? 1 : rounds - Math.min(min, rounds) + 1
    return { ways: stops * last.ways * divided, cost: rounds * divided * (other.cost + last.cost) }
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

/** The bytes of which the next has to be one for the node, and then what is behind it, to match; at the end of the subject there is none. */
function beginning(node: RegexNode, follow: ByteSet): ByteSet {
  switch (node.kind) {
    case 'set':
      return node.set
    case 'sequence':
      return node.items.reduceRight((behind, item) => beginning(item, behind), follow)
    case 'choice':
      return node.options.map((option) => beginning(option, follow)).reduce(union)
    case 'repeat': {
      const first = beginning(node.item, follow)
      return node.min === 0 ? union(first, follow) : first
    }
    case 'capture':
    case 'atomic':
      return beginning(node.item, follow)
    case 'anchor':
      return node.anchor === 'end' || node.anchor === 'end_or_newline' ? NO_BYTE : follow
    case 'look':
      return node.behind || node.negative ? follow : beginning(node.item, follow)
    case 'keep':
      return follow
    default:
      return ANY_BYTE
  }
}
