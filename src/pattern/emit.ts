import type { ByteSet } from './bytes.ts'
import type { Anchor, LookNode, RegexNode } from './tree.ts'

/** A JavaScript pattern for the tree, without flags. */
export interface EmittedRegex {
  readonly source: string
  /** JavaScript's number of each of PCRE's groups: atomic groups take numbers of their own. */
  readonly groups: readonly number[]
}

/** Only for what `differences` has not found to mean something else. `$` is for subjects that do not end in a newline. */
export function emitRegex(root: RegexNode): EmittedRegex {
  const emitter = new Emitter()
  return { source: emitter.emit(root), groups: emitter.groups }
}

class Emitter {
  readonly groups: number[] = [0]
  private next = 1
  private behind = 0

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
      case 'atomic':
        return this.atomic(node.item)
      case 'look':
        return this.look(node)
      case 'anchor':
        return ANCHORS[node.anchor]
      case 'backreference':
        // Digits may follow.
        return `(?:\\${this.groups[node.indexes[0]]})`
      case 'verb': // fail
        return '[]'
      default:
        return ''
    }
  }

  private atomic(item: RegexNode): string {
    // Look-behind is of fixed width, and JavaScript reads it backwards: nothing to re-enter, no order to rely on.
    if (this.behind > 0) return `(?:${this.emit(item)})`
    // Lookaheads are never re-entered: match in one, then take what it captured.
    const index = this.next++
    return `(?:(?=(${this.emit(item)}))\\${index})`
  }

  private look(node: LookNode): string {
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
  line_start: '(?:^|(?<=\\n)(?=[^]))',
  line_end: '(?![^\\n])',
  word: '\\b',
  not_word: '\\B',
  match_start: '^',
}

function quantifier(min: number, max: number): string {
  if (min === 0 && max === Infinity) return '*'
  if (min === 1 && max === Infinity) return '+'
  if (min === 0 && max === 1) return '?'
  return max === min ? `{${min}}` : `{${min},${max === Infinity ? '' : max}}`
}

/** Sets of one byte are shared, and are most of a pattern. */
const sources = new WeakMap<ByteSet, string>()

/** One byte out of the set, written as a literal or as ranges. */
function setSource(set: ByteSet): string {
  const known = sources.get(set)
  if (known !== undefined) return known
  const source = writeSet(set)
  sources.set(set, source)
  return source
}

function writeSet(set: ByteSet): string {
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
