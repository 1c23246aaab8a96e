import { setOf, type ByteSet } from './bytes.ts'
import { WORD } from './classes.ts'
import { anchor, choiceOf, GroupReader, type Atom } from './groups.ts'
import type { RegexNode, RegexTree } from './tree.ts'

/** PCRE2's compiled patterns end at 64 KiB, of which a character takes two bytes. */
const MAX_PATTERN = 32_768
const MAX_DEPTH = 250
const MAX_REPEAT = 65_535

/** Bytes that stand for themselves wherever they are, unless white space is to be skipped: most of most patterns. */
const ORDINARY: ByteSet = setOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/=&;:,!@%<>"\'~')

interface Count {
  readonly min: number
  readonly max: number
}

/** Reads a PCRE2 pattern (bytes, no UTF, dollar also before a final newline). Throws RegexError. */
export function parseRegex(pattern: string): RegexTree {
  return new RegexParser(pattern).parse()
}

class RegexParser extends GroupReader {
  private depth = 0
  /** An item that has been read already. */
  private pending: RegexNode | undefined = undefined

  constructor(pattern: string) {
    super(pattern)
    if (pattern.length > MAX_PATTERN) this.fail(`longer than ${MAX_PATTERN} characters`, MAX_PATTERN, 'split it into several patterns')
  }

  parse(): RegexTree {
    const root = choiceOf(this.alternatives(false))
    if (this.at < this.pattern.length) this.fail(`unmatched )`, this.at, 'a parenthesis itself is \\)')
    this.references.resolve(root, this.groups)
    const { limit, not_empty } = this.settings
    return { root, groups: this.groups, limit, not_empty }
  }

  protected alternatives(reset: boolean): readonly RegexNode[] {
    if (++this.depth > MAX_DEPTH) this.fail(`groups nested deeper than ${MAX_DEPTH}`)
    const first = this.groups
    const options = [this.sequence()]
    let most = this.groups
    while (this.take('|')) {
      if (reset) this.groups = first
      options.push(this.sequence())
      most = Math.max(most, this.groups)
    }
    this.groups = most
    this.depth--
    return options
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = []
    for (;;) {
      const start = this.at
      const atom = this.atom()
      if (atom === 'end') break
      if (atom !== 'nothing') items.push(this.pending === undefined ? this.quantified(atom, start) : atom)
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items }
  }

  /** One item without its quantifier. */
  private atom(): Atom {
    const { pattern, at, pending } = this
    if (pending !== undefined) {
      this.pending = undefined
      return pending
    }
    if (this.quoting) return this.quoted()
    const code = pattern.charCodeAt(at)
    if (ORDINARY[code] === 1 && !this.flags.extended) {
      this.at++
      return { kind: 'set', set: this.inCase(code) }
    }
    if (this.skipNothing()) return 'nothing'
    if (at >= pattern.length || pattern[at] === '|' || pattern[at] === ')') return 'end'
    if (this.quantifier() !== undefined) this.fail('nothing to repeat before a quantifier', at, `the character itself is \\${pattern[at]}`)
    const c = pattern[this.at++]
    if (c === '(') return this.group(at)
    if (c === '[') return this.bracket()
    if (c === '\\') return this.escape(at)
    if (c === '.') return { kind: 'set', set: this.dot() }
    if (c === '^') return anchor(this.flags.lines ? 'line_start' : 'start')
    if (c === '$') return anchor(this.flags.lines ? 'line_end' : 'end_or_newline')
    return { kind: 'set', set: this.inCase(this.byte(c.charCodeAt(0), at)) }
  }

  /** Comments, white space, `\E`; `\Q` begins what is quoted. */
  private skipNothing(): boolean {
    if (this.take('\\E') || this.skipExtended() || this.comment()) return true
    if (!this.take('\\Q')) return false
    this.quoting = true
    return true
  }

  /** `\Q…\E`: one character at a time, so that a quantifier binds to the last. */
  private quoted(): Atom {
    if (this.take('\\E') || this.at >= this.pattern.length) {
      this.quoting = false
      return 'nothing'
    }
    const { at } = this
    return { kind: 'set', set: this.inCase(this.byte(this.pattern.charCodeAt(this.at++), at)) }
  }

  private bracket(): RegexNode {
    const edge = this.match(/\[:([<>]):\]\]/y)
    if (edge === undefined) return { kind: 'set', set: this.byteClass() }
    // [[:<:]] and [[:>:]], the edges of words of an older library.
    const item: RegexNode = { kind: 'set', set: WORD }
    // What follows binds to the second part only.
    this.pending = { kind: 'look', behind: edge[1] === '>', negative: false, atomic: true, item, options: [item], widths: [1] }
    return anchor('word')
  }

  // ---- quantifiers

  private quantified(atom: RegexNode, start: number): RegexNode {
    const count = this.quantifierHere()
    if (count === undefined) return atom
    if (!isRepeatable(atom, this.pattern.slice(start, start + 3)))
      this.fail(
        'a quantifier behind what cannot be repeated',
        this.at - 1,
        `leave it out; ${this.pattern.slice(start, this.at - 1)} matches a position`,
      )
    this.skipBetween()
    const possessive = !this.quoting && this.take('+')
    const short = !this.quoting && !possessive && this.take('?')
    const before = this.at
    if (this.quantifierHere() !== undefined)
      this.fail('a quantifier behind a quantifier', before, 'put the first into parentheses: (?:a{2})+')
    const item: RegexNode = { kind: 'repeat', item: atom, ...bounded(atom, count), lazy: !possessive && short !== this.flags.lazy }
    return possessive ? { kind: 'atomic', item } : item
  }

  /** The quantifier behind an item, past comments and the like. */
  private quantifierHere(): Count | undefined {
    const { pattern, at, quoting, flags } = this
    if (!quoting && !flags.extended && (at === pattern.length || ORDINARY[pattern.charCodeAt(at)] === 1)) return undefined
    this.skipBetween()
    return this.quoting ? undefined : this.quantifier()
  }

  /** What may stand between an item and its quantifier. A quotation that is not empty begins another item. */
  private skipBetween(): void {
    while (!this.quoting || this.looking('\\E')) {
      if (this.quoting) {
        this.at += 2
        this.quoting = false
      } else if (!this.skipNothing()) return
    }
  }

  private quantifier(): Count | undefined {
    const start = this.at
    if (this.take('*')) return { min: 0, max: Infinity }
    if (this.take('+')) return { min: 1, max: Infinity }
    if (this.take('?')) return { min: 0, max: 1 }
    const braces = this.match(/\{([0-9]+)(,([0-9]*))?\}/y)
    if (braces === undefined) return undefined
    const min = Number(braces[1])
    const max = braces[2] === undefined ? min : braces[3] === '' ? Infinity : Number(braces[3])
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity)) this.fail(`a count above ${MAX_REPEAT}`, start)
    if (min > max) this.fail('numbers out of order in {}', start, `{${max},${min}}`)
    return { min, max }
  }
}

/** A group that holds nothing but an anchor may be repeated, the anchor itself not. */
function isRepeatable(atom: RegexNode, written: string): boolean {
  if (written.startsWith('(*')) return atom.kind !== 'verb' || atom.verb === 'accept'
  return written.startsWith('(') || atom.kind === 'look' ? true : atom.kind !== 'anchor' && atom.kind !== 'keep'
}

/** An assertion more than once again is the same assertion. */
function bounded(atom: RegexNode, count: Count): Count {
  return atom.kind === 'look' && count.max === Infinity ? { min: count.min, max: count.min + 1 } : count
}
