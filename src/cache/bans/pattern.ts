import { compileRegex, type VclRegex } from '../../vcl/runtime/regex.ts'

/** These are matched by themselves: what most bans are made of. */
const LITERAL = /^\^?[A-Za-z0-9/_\-:;,=&%@!"'<> ~]*$/
/** A group with nothing in it but characters and escaped punctuation. */
const PLAIN_GROUP = /\((?:\\[^A-Za-z0-9]|[^()[\]\\])*\)/g
/** Groups in groups that are looked into. */
const DEPTH_MAX = 4
/** A pattern without alternatives of the whole begins with such a text; a character behind which a quantifier stands, or may stand behind `\E` or a comment, may be missing. */
const BEGINNING =
  /^\^([A-Za-z0-9/_\-:;,=&%@!"'<> ~]+)(?:(?=[A-Za-z0-9/_\-:;,=&%@!"'<> ~][?*{+])|(?!\\[QE]|\(\?[^:]|[?*{+A-Za-z0-9/_\-:;,=&%@!"'<> ~]))/

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
    this.beginning = hasAlternatives(text) ? '' : (BEGINNING.exec(text)?.[1] ?? '')
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

/**
 * True also when that is not easily told. What is inside of groups is none of the whole: `^/a(/|\?|$)`. A parenthesis that is escaped is
 * taken for a group only if one that is not closes it, and a pattern of which that is true is none.
 */
function hasAlternatives(text: string): boolean {
  if (!text.includes('|')) return false
  let rest = text
  for (let depth = 0; depth < DEPTH_MAX && rest.includes('|'); depth++) rest = rest.replace(PLAIN_GROUP, '')
  return rest.includes('|')
}
