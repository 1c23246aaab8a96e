import type { Anchor, ByteSet, RegexNode } from './regex-tree.ts'
import { addAll, children, overlaps } from './regex-tree.ts'

/** A JavaScript pattern for the tree, without flags. */
export interface EmittedRegex {
  readonly source: string
  /** JavaScript's number of each of PCRE's groups: atomic groups take numbers of their own. */
  readonly groups: readonly number[]
}

export interface EmitOptions {
  /** `$` also matches before a newline that ends the subject. Left out where the subject does not end in one. */
  readonly final_newline: boolean
  /** Only matches that are not empty (PCRE2_NOTEMPTY). */
  readonly not_empty: boolean
}

export function emitRegex(root: RegexNode, options: EmitOptions): EmittedRegex {
  const emitter = new Emitter(options.final_newline)
  if (!options.not_empty) return { source: emitter.emit(root), groups: emitter.groups }
  // Group 1 is all that follows the start; if it still follows the match, the match was empty.
  emitter.next = 2
  return { source: `(?=([^]*))(?:${emitter.emit(root)})(?!\\1)`, groups: emitter.groups }
}

class Emitter {
  readonly groups: number[] = [0]
  next = 1
  private behind = 0
  private readonly anchors: Readonly<Record<Anchor, string>>

  constructor(final_newline: boolean) {
    this.anchors = { ...ANCHORS, end_or_newline: final_newline ? '(?=\\n?$)' : '$' }
  }

  emit(node: RegexNode): string {
    switch (node.kind) {
      case 'set':
        return setSource(node.set)
      case 'sequence':
        return node.items.map((item) => (item.kind === 'choice' ? `(?:${this.emit(item)})` : this.emit(item))).join('')
      case 'choice':
        return node.options.map((option) => this.emit(option)).join('|')
      case 'repeat':
        return this.repeated(node.item) + quantifier(node.min, node.max) + (node.lazy ? '?' : '')
      case 'capture':
        this.groups[node.index] = this.next++
        return `(${this.emit(node.item)})`
      case 'atomic': {
        // Look-behind is of fixed width, and JavaScript reads it backwards: nothing to re-enter, no order to rely on.
        if (this.behind > 0) return `(?:${this.emit(node.item)})`
        // Lookaheads are never re-entered: match in one, then take what it captured.
        const index = this.next++
        return `(?:(?=(${this.emit(node.item)}))\\${index})`
      }
      case 'look':
        return this.look(node)
      case 'anchor':
        return this.anchors[node.anchor]
      default:
        return `(?${node.fold ? 'i' : ''}:\\${this.groups[node.index]})`
    }
  }

  private look(node: RegexNode & { kind: 'look' }): string {
    const outer = this.behind
    this.behind = node.behind ? 1 : 0
    const source = `(?${node.behind ? '<' : ''}${node.negative ? '!' : '='}${this.emit(node.item)})`
    this.behind = outer
    return source
  }

  private repeated(item: RegexNode): string {
    const source = this.emit(item)
    return item.kind === 'set' || item.kind === 'capture' || item.kind === 'atomic' ? source : `(?:${source})`
  }
}

const ANCHORS: Readonly<Record<Anchor, string>> = {
  start: '^',
  end: '$',
  end_or_newline: '$',
  line_start: '(?<![^\\n])',
  line_end: '(?![^\\n])',
  word: '\\b',
  not_word: '\\B',
}

function quantifier(min: number, max: number): string {
  if (min === 0 && max === Infinity) return '*'
  if (min === 1 && max === Infinity) return '+'
  if (min === 0 && max === 1) return '?'
  return max === min ? `{${min}}` : `{${min},${max === Infinity ? '' : max}}`
}

/** One byte out of the set, written as a literal or as ranges. */
function setSource(set: ByteSet): string {
  const runs = runsOf(set)
  if (runs.length === 0) return '[]'
  if (runs.length === 1 && runs[0][0] === runs[0][1]) return literal(runs[0][0])
  const inverse = runsOf(set.map((bit) => 1 - bit))
  if (inverse.length === 0) return '[^]'
  return set[255] === 1 ? `[^${inverse.map(range).join('')}]` : `[${runs.map(range).join('')}]`
}

function runsOf(set: ByteSet): [number, number][] {
  const runs: [number, number][] = []
  for (let from = set.indexOf(1); from >= 0;) {
    const next = set.indexOf(0, from)
    const end = next < 0 ? 255 : next - 1
    runs.push([from, end])
    from = next < 0 ? -1 : set.indexOf(1, next)
  }
  return runs
}

function range([from, to]: [number, number]): string {
  if (from === to) return literal(from)
  return to === from + 1 ? literal(from) + literal(to) : `${literal(from)}-${literal(to)}`
}

function literal(byte: number): string {
  const char = String.fromCharCode(byte)
  return /[A-Za-z0-9 _%=&;:,<>"'!@#~`]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`
}

// ---- will it end?

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

/**
 * Does it hold a repetition whose rounds can be divided in many ways, like `(a+)+` or `(a|a)*`? Such a pattern takes
 * exponential time where it fails. A round that must begin or end with a byte found nowhere else in it, as in
 * `(/[a-z]+)*`, can only be divided in one way.
 */
export function isExponential(node: RegexNode): boolean {
  if (node.kind === 'repeat' && node.max > MAX_COPIES && isAmbiguous(bare(node.item))) return true
  return children(node).some(isExponential)
}

function isAmbiguous(round: RegexNode): boolean {
  if (round.kind === 'set' || round.kind === 'atomic') return false
  if (!varies(round)) return round.kind === 'choice' && choosesTwice(round.options)
  const items = round.kind === 'sequence' ? round.items : [round]
  return !isDelimiter(items, 0) && !isDelimiter(items, items.length - 1)
}

function bare(node: RegexNode): RegexNode {
  return node.kind === 'capture' ? bare(node.item) : node
}

/** Holds a repetition of varying count that is not atomic. */
function varies(node: RegexNode): boolean {
  if (node.kind === 'atomic' || node.kind === 'look') return false
  return (node.kind === 'repeat' && node.max > MAX_COPIES && node.max > node.min) || children(node).some(varies)
}

/** Two of the single-byte alternatives match the same byte. */
function choosesTwice(options: readonly RegexNode[]): boolean {
  const seen = new Uint8Array(256)
  for (const option of options.map(bare)) {
    if (option.kind !== 'set') continue
    if (overlaps(seen, option.set)) return true
    addAll(seen, option.set)
  }
  return false
}

function isDelimiter(items: readonly RegexNode[], index: number): boolean {
  const mark = bare(items[index])
  if (mark.kind !== 'set') return false
  const others = new Uint8Array(256)
  items.forEach((item, i) => i !== index && collect(item, others))
  return !overlaps(mark.set, others)
}

function collect(node: RegexNode, into: ByteSet): void {
  if (node.kind === 'set') addAll(into, node.set)
  else if (node.kind === 'backreference') into.fill(1)
  else for (const child of children(node)) collect(child, into)
}
