import { ESCAPE_ANCHORS, ESCAPE_BYTES, ESCAPE_CLASSES, LINE_END, POSIX_CLASSES, REFUSED_ESCAPES } from './regex-classes.ts'
import type { Anchor, ByteSet, RegexNode } from './regex-tree.ts'
import { addAll, addRange, fixedWidth, folded, inverted, RegexError, setOf } from './regex-tree.ts'

export interface RegexTree {
  readonly root: RegexNode
  /** Number of capturing groups. */
  readonly groups: number
}

interface Flags {
  readonly fold: boolean
  readonly dot_all: boolean
  readonly lines: boolean
  readonly extended: boolean
}

const NO_FLAGS: Flags = { fold: false, dot_all: false, lines: false, extended: false }
const MAX_PATTERN = 16_384
const MAX_DEPTH = 100
const MAX_REPEAT = 65_535
const NEWLINE = setOf('\n')

/** Reads a PCRE2 pattern (bytes, no UTF, dollar also before a final newline). Throws RegexError. */
export function parseRegex(pattern: string): RegexTree {
  if (pattern.length > MAX_PATTERN) throw new RegexError(`longer than ${MAX_PATTERN} characters`, MAX_PATTERN)
  return new RegexParser(pattern).parse()
}

class RegexParser {
  private readonly pattern: string
  private at = 0
  private depth = 0
  private groups = 0
  private flags: Flags = NO_FLAGS
  private readonly names = new Map<string, number>()
  private readonly closed = new Set<number>()
  private quoting = false

  constructor(pattern: string) {
    this.pattern = pattern
  }

  parse(): RegexTree {
    const root = this.choice()
    if (this.at < this.pattern.length) this.fail(`unmatched ')'`)
    return { root, groups: this.groups }
  }

  /** Alternatives up to a closing parenthesis or the end. */
  private choice(): RegexNode {
    if (++this.depth > MAX_DEPTH) this.fail(`groups nested deeper than ${MAX_DEPTH}`)
    const options = [this.sequence()]
    while (this.take('|')) options.push(this.sequence())
    this.depth--
    return options.length === 1 ? options[0] : { kind: 'choice', options }
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = []
    for (;;) {
      const atom = this.atom()
      if (atom === 'end') break
      if (atom !== 'nothing') items.push(this.quantified(atom))
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items }
  }

  /** One item without its quantifier; 'nothing' for comments and settings. */
  private atom(): RegexNode | 'nothing' | 'end' {
    const { pattern } = this
    if (this.quoting || this.looking('\\Q')) return this.quoted()
    if (this.skipExtended() || this.comment()) return 'nothing'
    if (this.at >= pattern.length || pattern[this.at] === '|' || pattern[this.at] === ')') return 'end'
    if (this.quantifier() !== undefined) this.fail('nothing to repeat before a quantifier')
    const c = pattern[this.at++]
    if (c === '(') return this.group()
    if (c === '[') return { kind: 'set', set: this.byteClass() }
    if (c === '\\') return this.escape()
    if (c === '.') return { kind: 'set', set: this.flags.dot_all ? new Uint8Array(256).fill(1) : inverted(NEWLINE) }
    if (c === '^') return anchor(this.flags.lines ? 'line_start' : 'start')
    if (c === '$') return anchor(this.flags.lines ? 'line_end' : 'end_or_newline')
    return this.literal(c.charCodeAt(0))
  }

  private literal(byte: number): RegexNode {
    if (byte > 255) this.fail('a character beyond one byte')
    const set = new Uint8Array(256)
    set[byte] = 1
    return { kind: 'set', set: this.flags.fold ? folded(set) : set }
  }

  /** `\Q…\E`: one character at a time, so that a quantifier binds to the last. */
  private quoted(): RegexNode | 'nothing' | 'end' {
    if (!this.quoting) this.at += 2
    this.quoting = true
    if (this.looking('\\E') || this.at >= this.pattern.length) {
      this.at += 2
      this.quoting = false
      return 'nothing'
    }
    const node = this.literal(this.pattern.charCodeAt(this.at++))
    if (this.looking('\\E')) {
      this.at += 2
      this.quoting = false
    }
    return node
  }

  private quantified(atom: RegexNode): RegexNode {
    if (this.quoting) return atom
    const count = this.quantifierHere()
    if (count === undefined) return atom
    if (atom.kind === 'anchor') this.fail('a quantifier behind an anchor')
    const possessive = this.take('+')
    const lazy = !possessive && this.take('?')
    const item: RegexNode = { kind: 'repeat', item: atom, ...count, lazy }
    if (this.quantifierHere() !== undefined) this.fail('a quantifier behind a quantifier', this.at - 1)
    return possessive ? { kind: 'atomic', item } : item
  }

  private quantifierHere(): { min: number; max: number } | undefined {
    while (this.skipExtended() || this.comment() || this.match(/\\Q\\E|\\E/y) !== undefined);
    return this.quantifier()
  }

  private quantifier(): { min: number; max: number } | undefined {
    if (this.take('*')) return { min: 0, max: Infinity }
    if (this.take('+')) return { min: 1, max: Infinity }
    if (this.take('?')) return { min: 0, max: 1 }
    const braces = this.match(/\{([0-9]+)(,([0-9]*))?\}/y)
    if (braces === undefined) return undefined
    const min = Number(braces[1])
    const max = braces[2] === undefined ? min : braces[3] === '' ? Infinity : Number(braces[3])
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity)) this.fail(`a count above ${MAX_REPEAT}`)
    if (min > max) this.fail('numbers out of order in {}')
    return { min, max }
  }

  // ---- groups

  private group(): RegexNode | 'nothing' {
    const start = this.at - 1
    if (this.looking('*')) this.fail('(*VERB) cannot be translated', start)
    const outer = this.flags
    if (!this.take('?')) return this.capture(outer)
    if (this.take(':')) return this.close(this.choice(), outer)
    if (this.take('>')) return { kind: 'atomic', item: this.close(this.choice(), outer) }
    const look = this.match(/<?[=!]/y)
    if (look !== undefined) return this.look(look[0], outer, start)
    const name = this.match(/(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y)
    if (name !== undefined) return this.namedCapture(name[1] ?? name[2], outer, start)
    const reference = this.match(/P=([A-Za-z_]\w*)\)/y)
    if (reference !== undefined) return this.backreference(this.named(reference[1]))
    const flags = this.match(/(\^?)([imsxnJU]*)(?:-([imsxnJU]*))?([:)])/y)
    if (flags === undefined) this.refuseGroup(start)
    if (flags[1] === '^') this.flags = NO_FLAGS
    this.setFlags(flags[2], flags[3] ?? '', start)
    return flags[4] === ')' ? 'nothing' : this.close(this.choice(), outer)
  }

  private refuseGroup(start: number): never {
    const rest = this.pattern.slice(this.at)
    const what = /^(?:R|[+-]?[0-9]|&|P>)/.test(rest)
      ? 'recursion'
      : rest.startsWith('|')
        ? 'branch reset (?|…)'
        : rest.startsWith('(')
          ? 'a conditional group (?(…)…)'
          : rest.startsWith('C')
            ? 'a callout'
            : undefined
    this.fail(what === undefined ? `unknown group (?${rest.slice(0, 1)}` : `${what} cannot be translated`, start)
  }

  private setFlags(on: string, off: string, start: number): void {
    if (/[nJU]/.test(on + off)) this.fail('flags n, J and U cannot be translated', start)
    const set = (letter: string, now: boolean) => (now || on.includes(letter)) && !off.includes(letter)
    const { fold, dot_all, lines, extended } = this.flags
    this.flags = { fold: set('i', fold), dot_all: set('s', dot_all), lines: set('m', lines), extended: set('x', extended) }
  }

  private capture(outer: Flags): RegexNode {
    const index = ++this.groups
    const item = this.close(this.choice(), outer)
    this.closed.add(index)
    return { kind: 'capture', index, item }
  }

  private namedCapture(name: string, outer: Flags, start: number): RegexNode {
    if (this.names.has(name)) this.fail(`two groups named ${name}`, start)
    this.names.set(name, this.groups + 1)
    return this.capture(outer)
  }

  private look(mark: string, outer: Flags, start: number): RegexNode {
    const item = this.close(this.choice(), outer)
    const behind = mark.startsWith('<')
    const options = item.kind === 'choice' ? item.options : [item]
    if (behind && options.some((option) => fixedWidth(option) === undefined)) this.fail('lookbehind of variable length', start)
    return { kind: 'look', behind, negative: mark.endsWith('!'), item }
  }

  private close(item: RegexNode, outer: Flags): RegexNode {
    if (!this.take(')')) this.fail(`missing ')'`)
    this.flags = outer
    return item
  }

  private named(name: string): number {
    return this.names.get(name) ?? this.fail(`no group named ${name} before this`)
  }

  private backreference(index: number): RegexNode {
    if (!this.closed.has(index)) this.fail(`\\${index} does not refer to a group that is complete`)
    return { kind: 'backreference', index, fold: this.flags.fold }
  }

  // ---- escapes

  private escape(): RegexNode | 'nothing' {
    const start = this.at - 1
    const c = this.pattern[this.at] ?? this.fail('\\ at the end of the pattern', start)
    const known = ESCAPE_ANCHORS[c]
    if (known !== undefined) {
      this.at++
      return anchor(known)
    }
    if (c === 'E') {
      this.at++
      return 'nothing'
    }
    const reference = this.reference()
    if (reference !== undefined) return this.backreference(reference)
    if (c === 'R') {
      this.at++
      return LINE_END
    }
    const set = this.escapeSet()
    return { kind: 'set', set: this.flags.fold ? folded(set) : set }
  }

  /** Number of the group that a backreference names. */
  private reference(): number | undefined {
    const named = this.match(/(?:k<([A-Za-z_]\w*)>|k'([A-Za-z_]\w*)'|[kg]\{([A-Za-z_]\w*)\})/y)
    if (named !== undefined) return this.named(named[1] ?? named[2] ?? named[3])
    const relative = this.match(/g\{?-([0-9]{1,3})\}?/y)
    if (relative !== undefined) return this.groups + 1 - Number(relative[1])
    const numbered = this.match(/g\{?([0-9]{1,3})\}?/y)
    if (numbered !== undefined) return Number(numbered[1])
    const digits = this.match(/[1-9][0-9]{0,2}/y)
    if (digits === undefined) return undefined
    if (digits[0].length === 1 || Number(digits[0]) <= this.groups) return Number(digits[0])
    // Not that many groups: an octal byte.
    this.at -= digits[0].length
    return undefined
  }

  /** The escapes that mean a set of bytes, in a class or outside; `at` is behind the backslash. */
  private escapeSet(): ByteSet {
    const start = this.at - 1
    const { pattern } = this
    const c = pattern[this.at++] ?? this.fail('\\ at the end of the pattern', start)
    const known = ESCAPE_CLASSES[c]
    if (known !== undefined) return known
    if (c === 'N' && pattern[this.at] !== '{') return inverted(NEWLINE)
    if (c === 'C') return new Uint8Array(256).fill(1)
    if (Object.hasOwn(REFUSED_ESCAPES, c)) this.fail(`${REFUSED_ESCAPES[c]} cannot be translated`, start)
    this.at--
    const byte = this.escapeByte(start)
    if (byte > 255) this.fail('a character beyond one byte', start)
    return setOf(String.fromCharCode(byte))
  }

  private escapeByte(start: number): number {
    const hex = this.match(/x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{0,2}))/y)
    if (hex !== undefined) return parseInt(hex[1] ?? (hex[2] || '0'), 16)
    const octal = this.match(/o\{([0-7]{1,8})\}|([0-7]{1,3})/y)
    if (octal !== undefined) return parseInt(octal[1] ?? octal[2], 8)
    const control = this.match(/c([\x20-\x7e])/y)
    if (control !== undefined) return control[1].toUpperCase().charCodeAt(0) ^ 0x40
    const c = this.pattern[this.at++]
    if (Object.hasOwn(ESCAPE_BYTES, c)) return ESCAPE_BYTES[c]
    if (/[A-Za-z0-9]/.test(c)) this.fail(`unknown escape \\${c}`, start)
    return c.charCodeAt(0)
  }

  // ---- classes

  private byteClass(): ByteSet {
    const start = this.at - 1
    const { pattern } = this
    if (/^:\^?[a-z]+:\]/.test(pattern.slice(this.at, this.at + 12))) this.fail('[:name:] belongs inside a class: [[:name:]]', start)
    const set = new Uint8Array(256)
    const negated = this.take('^')
    this.skipQuoteEnds()
    for (let first = true; ; first = false) {
      if (this.at >= pattern.length) this.fail(`missing ']'`, start)
      if (pattern[this.at] === ']' && !first) break
      this.classItem(set)
      this.skipQuoteEnds()
    }
    this.at++
    const whole = this.flags.fold ? folded(set) : set
    return negated ? inverted(whole) : whole
  }

  /** `\E` without `\Q`, and an empty `\Q\E`, are nothing. */
  private skipQuoteEnds(): void {
    this.match(/(?:\\Q\\E|\\E)*/y)
  }

  private classItem(set: ByteSet): void {
    if (this.looking('\\Q')) return this.classQuote(set)
    const start = this.at
    const posix = this.match(/\[:(\^?)([a-z]+):\]/y)
    if (posix === undefined && /^\[[.=]/.test(this.pattern.slice(start, start + 2))) this.fail('collating elements are not supported')
    const from = posix === undefined ? this.classByte() : this.posix(posix[1], posix[2])
    this.skipQuoteEnds()
    const hyphen = this.looking('-') && this.pattern[this.at + 1] !== ']' && this.at + 1 < this.pattern.length
    if (typeof from !== 'number') {
      if (hyphen) this.fail('a range cannot begin with a class', start)
      return addAll(set, from)
    }
    if (!hyphen) return addRange(set, from, from)
    this.at++
    this.skipQuoteEnds()
    const to = this.looking('[:') ? setOf('') : this.classByte()
    if (typeof to !== 'number') this.fail('a range cannot end in a class', start)
    if (from > to) this.fail('range out of order', start)
    addRange(set, from, to)
  }

  private posix(inverse: string, name: string): ByteSet {
    const named = POSIX_CLASSES[name] ?? this.fail(`unknown class [:${name}:]`)
    return inverse === '' ? named : inverted(named)
  }

  private classQuote(set: ByteSet): void {
    const end = this.pattern.indexOf('\\E', this.at)
    const stop = end < 0 ? this.pattern.length : end
    addAll(set, setOf(this.pattern.slice(this.at + 2, stop)))
    this.at = Math.min(stop + 2, this.pattern.length)
  }

  private classByte(): number | ByteSet {
    const code = this.pattern.charCodeAt(this.at++)
    if (code > 255) this.fail('a character beyond one byte')
    if (code !== 0x5c) return code
    if (this.take('b')) return 8
    if (/[BNRX]/.test(this.pattern[this.at] ?? '')) this.fail(`\\${this.pattern[this.at]} is not possible in a class`)
    const set = this.escapeSet()
    const only = set.indexOf(1)
    return set.indexOf(1, only + 1) < 0 ? only : set
  }

  // ---- reading

  private take(c: string): boolean {
    if (this.pattern[this.at] !== c) return false
    this.at++
    return true
  }

  private looking(text: string): boolean {
    return this.pattern.startsWith(text, this.at)
  }

  private match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at
    const found = sticky.exec(this.pattern) ?? undefined
    if (found !== undefined) this.at = sticky.lastIndex
    return found
  }

  private comment(): boolean {
    if (!this.looking('(?#')) return false
    const end = this.pattern.indexOf(')', this.at)
    if (end < 0) this.fail('(?# comment is never closed')
    this.at = end + 1
    return true
  }

  /** White space and #-comments under (?x). */
  private skipExtended(): boolean {
    return this.flags.extended && this.match(/[\t\n\v\f\r ]+|#[^\n]*\n?/y) !== undefined
  }

  private fail(message: string, offset = this.at): never {
    throw new RegexError(message, Math.min(offset, this.pattern.length))
  }
}

function anchor(kind: Anchor): RegexNode {
  return { kind: 'anchor', anchor: kind }
}
