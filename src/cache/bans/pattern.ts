import { compileRegex, type VclRegex } from '../../vcl/runtime/regex.ts'

/** These are matched by themselves: what most bans are made of. */
const LITERAL = /^\^?[A-Za-z0-9/_\-:;,=&%@!"'<> ~]*$/
/** A pattern without alternatives begins with such a text; a character behind which a quantifier stands may be missing. */
const BEGINNING = /^\^([A-Za-z0-9/_\-:;,=&%@!"'<> ~]+)(?![?*{+A-Za-z0-9/_\-:;,=&%@!"'<> ~])/

/**
 * The argument of ~ and !~: a regular expression, compiled as those of VCL are, but only when there is no other way. A worker that meets 10,000
 * bans at once, after a restart, would otherwise stand still for as long as it compiles them (0.1 ms each).
 */
export class Pattern {
  private readonly text: string
  private readonly literal: boolean
  /** What a subject that matches begins with. */
  private readonly beginning: string
  private compiled: VclRegex | undefined
  private broken = false

  constructor(text: string) {
    this.text = text
    this.literal = LITERAL.test(text)
    this.beginning = text.includes('|') ? '' : (BEGINNING.exec(text)?.[1] ?? '')
  }

  /** Throws a RegexError when it is none. */
  check(): void {
    if (!this.literal) this.compiled ??= compileRegex(this.text)
  }

  /** Undefined when that cannot be known: another version of this program has taken it for a pattern. */
  test(subject: string): boolean | undefined {
    const { text } = this
    if (this.literal) return text.startsWith('^') ? subject.startsWith(text.slice(1)) : subject.includes(text)
    if (!subject.startsWith(this.beginning)) return false
    const { compiled } = this
    return compiled === undefined ? this.testFirst(subject) : compiled.test(subject)
  }

  private testFirst(subject: string): boolean | undefined {
    if (this.broken) return undefined
    try {
      this.check()
    } catch {
      this.broken = true
    }
    return this.compiled?.test(subject)
  }
}
