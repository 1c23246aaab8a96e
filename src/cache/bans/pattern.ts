import { compileRegex, type VclRegex } from '../../pattern/regex.ts'
import type { Compiled, CompiledPatterns } from './compiled.ts'

/** These are matched by themselves: what most bans are made of. Escaped punctuation is that character. */
const LITERAL = /^(\^?)((?:[A-Za-z0-9/_\-:;,=&%@!"'<> ~]|\\[!-/:-@[-`{-~])*)(\$?)$/
const ESCAPED = /\\(.)/g
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
export class Pattern implements Compiled {
  private readonly text: string
  private readonly literal: Literal | undefined
  /** What a subject that matches begins with. */
  private readonly beginning: string
  private readonly room: CompiledPatterns
  private compiled: VclRegex | undefined
  private broken = false

  constructor(text: string, room: CompiledPatterns) {
    this.text = text
    this.literal = literalOf(text)
    this.beginning = hasAlternatives(text) ? '' : (BEGINNING.exec(text)?.[1] ?? '')
    this.room = room
  }

  /** Throws a RegexError when it is none. */
  check(): void {
    if (this.literal === undefined) compileRegex(this.text)
  }

  /** Undefined when that cannot be known: another version of this program has taken it for a pattern, no more may be compiled now, or matching takes too long. */
  test(subject: string): boolean | undefined {
    const { literal, compiled } = this
    if (literal !== undefined) return occurs(literal, subject)
    if (!subject.startsWith(this.beginning)) return false
    try {
      return (compiled ?? this.compile())?.test(subject)
    } catch {
      // It would take longer than pcre2_match_limit allows.
      return undefined
    }
  }

  forget(): void {
    this.compiled = undefined
  }

  private compile(): VclRegex | undefined {
    if (this.broken || !this.room.admits(this)) return undefined
    try {
      return (this.compiled = compileRegex(this.text))
    } catch {
      this.broken = true
      return undefined
    }
  }
}

/** A pattern that stands for one text. */
interface Literal {
  readonly text: string
  readonly begins: boolean
  readonly ends: boolean
}

function literalOf(pattern: string): Literal | undefined {
  const [, begin, text, end] = LITERAL.exec(pattern) ?? []
  return text === undefined ? undefined : { text: text.replace(ESCAPED, '$1'), begins: begin !== '', ends: end !== '' }
}

function occurs({ text, begins, ends }: Literal, subject: string): boolean {
  if (ends) return occursLast(text, begins, subject) || (subject.endsWith('\n') && occursLast(text, begins, subject.slice(0, -1)))
  return begins ? subject.startsWith(text) : subject.includes(text)
}

function occursLast(text: string, begins: boolean, subject: string): boolean {
  return begins ? subject === text : subject.endsWith(text)
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
