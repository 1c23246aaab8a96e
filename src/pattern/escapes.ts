import { ANY_BYTE, folded, inverted, setOf, setOfByte, setOfFoldedByte, type ByteSet } from './bytes.ts'
import { ESCAPE_BYTES, ESCAPE_CLASSES } from './classes.ts'
import { propertySet } from './properties.ts'
import { Reader } from './reader.ts'

export const NOT_NEWLINE = inverted(setOf('\n'))

/** What PCRE2 knows only of other languages, by the letter behind the backslash. */
const UNKNOWN: Readonly<Record<string, string>> = {
  l: 'Perl changes case with it; PCRE2 does not',
  L: 'Perl changes case with it; PCRE2 does not',
  u: 'a byte is \\xhh; a character of UTF-8 is its bytes: \\xc3\\xa9',
  U: 'Perl changes case with it; PCRE2 does not',
  F: 'Perl changes case with it; PCRE2 does not',
}

/** Escapes that mean the same in a class and outside. */
export class EscapeReader extends Reader {
  /** A byte, or a set of bytes; `at` is behind the backslash, which is at `start`. */
  protected escapedByte(start: number): number | ByteSet {
    const c = this.pattern[this.at++] ?? this.fail('\\ at the end of the pattern', start, 'a backslash itself is \\\\')
    const known = ESCAPE_CLASSES[c]
    if (known !== undefined) return known
    if (Object.hasOwn(ESCAPE_BYTES, c)) return ESCAPE_BYTES[c]
    if (c === 'x') return this.hex(start)
    if (c === 'o') return this.octal(start)
    if (c === 'c') return this.control(start)
    if (/[0-7]/.test(c)) return this.digits(start)
    if (/[A-Za-z]/.test(c)) this.fail(`unknown escape \\${c}`, start, UNKNOWN[c] ?? `${c} itself is written without a backslash`)
    return this.byte(c.charCodeAt(0), start)
  }

  protected byte(code: number, start: number): number {
    if (code > 255) this.fail('a character beyond one byte', start, 'patterns match bytes: write the bytes of its UTF-8')
    return code
  }

  protected dot(): ByteSet {
    return this.flags.dot_all ? ANY_BYTE : NOT_NEWLINE
  }

  private hex(start: number): number {
    if (!this.take('{')) return parseInt(this.match(/[0-9A-Fa-f]{1,2}/y)?.[0] ?? '0', 16)
    const digits = this.match(/([0-9A-Fa-f]+)\}/y)
    if (digits === undefined) this.fail('\\x{ without hexadecimal digits and }', start, '\\x41 or \\x{41}')
    return this.byte(parseInt(digits[1], 16), start)
  }

  private octal(start: number): number {
    const digits = this.match(/\{([0-7]+)\}/y)
    if (digits === undefined) this.fail('\\o without {octal digits}', start, '\\o{101}')
    return this.byte(parseInt(digits[1], 8), start)
  }

  private control(start: number): number {
    const found = this.match(/[\x20-\x7e]/y)
    if (found === undefined) this.fail('\\c without a printable character', start, '\\cA is the byte 1')
    return found[0].toUpperCase().charCodeAt(0) ^ 0x40
  }

  /** `\012`, from its first digit on. */
  private digits(start: number): number {
    this.at--
    const digits = this.match(/[0-7]{1,3}/y)
    return this.byte(parseInt(digits?.[0] ?? '0', 8), start)
  }

  /** `\p{L}`, `\P{L}`, whose meaning (?i) does not change; undefined when it is another escape. */
  protected property(start: number): ByteSet | undefined {
    const letter = this.match(/[pP]/y)?.[0]
    return letter === undefined ? undefined : this.propertyBehind(letter === 'P', start)
  }

  private propertyBehind(negated: boolean, start: number): ByteSet {
    const found = this.match(/\{([^{}]*)\}|([A-Za-z])/y)
    if (found === undefined) this.fail('\\p without {property}', start, '\\p{L} or \\pL')
    const set = propertySet(found[1] ?? found[2])
    const hint = 'known are the general categories, as \\p{L} and \\p{Lu}, and Any, Xan, Xps, Xsp, Xuc, Xwd'
    if (set === undefined) this.fail(`unknown property ${found[1] ?? found[2]}`, start, hint)
    return negated ? inverted(set) : set
  }

  /** In both cases under (?i). */
  protected inCase(set: ByteSet | number): ByteSet {
    if (typeof set === 'number') return this.flags.fold ? setOfFoldedByte(set) : setOfByte(set)
    return this.flags.fold ? folded(set) : set
  }
}
