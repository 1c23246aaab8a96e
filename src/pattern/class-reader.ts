import { addAll, addRange, folded, inverted, type ByteSet } from './bytes.ts'
import { POSIX_CLASSES } from './classes.ts'
import { EscapeReader } from './escapes.ts'

/** What a hyphen behind the last item of a class would do. */
type Before =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'byte'; readonly byte: number; readonly at: number }
  | { readonly kind: 'range'; readonly from: number; readonly at: number }

const NOTHING: Before = { kind: 'nothing' }
const HYPHEN = 0x2d
const HYPHENS = 'a hyphen itself stands first or last, or is \\-'

interface Posix {
  readonly mark: string
  readonly name: string
  readonly end: number
}

/** `[…]`. */
export class ClassReader extends EscapeReader {
  private before: Before = NOTHING

  /** `at` is behind the bracket. */
  protected byteClass(): ByteSet {
    const start = this.at - 1
    if (this.posixAt(this.at) !== undefined) this.fail('[:name:] belongs inside a class', start, 'write [[:name:]]')
    const set = new Uint8Array(256)
    const negated = this.opening()
    this.before = NOTHING
    for (let first = true; ; first = false) {
      if (this.at >= this.pattern.length) this.fail(`missing ]`, start, 'a class is closed by ]; as its first member ] is itself')
      if (!this.quoting && !first && this.take(']')) break
      this.item(set)
    }
    if (this.before.kind === 'range') set[HYPHEN] = 1
    return negated ? inverted(set) : set
  }

  /** `^`, and what means nothing before the first member. */
  private opening(): boolean {
    let negated = false
    for (;;) {
      if (this.match(/\\E|\\Q\\E/y) !== undefined || this.blank()) continue
      if (negated || !this.take('^')) return negated
      negated = true
    }
  }

  private blank(): boolean {
    return this.flags.extended_more && this.match(/[ \t]/y) !== undefined
  }

  private item(set: ByteSet): void {
    const start = this.at
    if (this.quoting) return this.quotedMember(set)
    if (this.blank()) return
    const posix = this.looking('[') ? this.posixAt(this.at + 1) : undefined
    if (posix !== undefined) return this.posix(set, posix, start)
    if (this.looking('-') && this.before.kind === 'byte') {
      this.at++
      this.before = { kind: 'range', from: this.before.byte, at: this.before.at }
      return
    }
    if (this.take('\\')) return this.escaped(set, start)
    this.member(set, this.byte(this.pattern.charCodeAt(this.at++), start), start)
  }

  private quotedMember(set: ByteSet): void {
    const start = this.at
    if (this.take('\\E')) this.quoting = false
    else this.member(set, this.byte(this.pattern.charCodeAt(this.at++), start), start)
  }

  private member(set: ByteSet, byte: number, start: number): void {
    const { before } = this
    if (before.kind !== 'range') {
      if (this.flags.fold) addAll(set, this.inCase(byte))
      else set[byte] = 1
      this.before = { kind: 'byte', byte, at: start }
      return
    }
    if (before.from > byte)
      this.fail('range out of order', before.at, 'the lower end comes first; a hyphen itself stands first or last, or is \\-')
    this.before = NOTHING
    if (!this.flags.fold) return addRange(set, before.from, byte)
    const range = new Uint8Array(256)
    addRange(range, before.from, byte)
    addAll(set, folded(range))
  }

  private escaped(set: ByteSet, start: number): void {
    if (this.take('Q')) {
      this.quoting = true
      return
    }
    if (this.take('E')) return
    if (this.take('b')) return this.member(set, 8, start)
    const c = this.pattern[this.at] ?? ''
    if (/[ABGKNRXZkz]/.test(c))
      this.fail(`\\${c} is not possible in a class`, start, `outside of one it may be; ${c} itself is written without a backslash`)
    const literal = /[89g]/.test(c) ? c.charCodeAt(0) : undefined
    if (literal !== undefined) this.at++
    const property = literal === undefined ? this.property(start) : undefined
    if (property !== undefined) return this.addClass(set, property, start)
    const found = literal ?? (c === 'C' ? this.fail('\\C is not possible in a class', start) : this.escapedByte(start))
    if (typeof found === 'number') this.member(set, found, start)
    else this.addClass(set, found, start)
  }

  private addClass(set: ByteSet, added: ByteSet, start: number): void {
    if (this.before.kind === 'range') this.fail('a range cannot end in a class', start, HYPHENS)
    this.before = NOTHING
    addAll(set, added)
    const next = this.pattern[this.at + 1]
    if (this.looking('-') && next !== undefined && next !== ']') this.fail('a range cannot begin with a class', start, HYPHENS)
  }

  /** `:name:]`, `.x.]` or `=x=]` at `from`: their mark, what is in it, and where it ends. */
  private posixAt(from: number): Posix | undefined {
    const { pattern } = this
    const mark = pattern[from]
    if (mark !== ':' && mark !== '.' && mark !== '=') return undefined
    for (let at = from + 1; at + 1 < pattern.length; at++) {
      const pair = pattern.slice(at, at + 2)
      if (pair === '\\]' || pair === '\\\\') at++
      else if (pair === `${mark}]`) return { mark, name: pattern.slice(from + 1, at), end: at + 2 }
      else if (pair === `[${mark}` || pair[0] === ']') return undefined
    }
    return undefined
  }

  private posix(set: ByteSet, found: Posix, start: number): void {
    if (this.before.kind === 'range') this.fail('a range cannot end in a class', start, HYPHENS)
    if (found.mark !== ':') this.fail('collating elements are not supported', start, 'list the bytes')
    const negated = found.name.startsWith('^')
    const name = negated ? found.name.slice(1) : found.name
    if (!Object.hasOwn(POSIX_CLASSES, name)) {
      this.fail(`unknown class [:${name}:]`, start, `known are ${Object.keys(POSIX_CLASSES).join(', ')}`)
    }
    this.at = found.end
    const named = this.inCase(POSIX_CLASSES[name])
    this.addClass(set, negated ? inverted(named) : named, start)
  }
}
