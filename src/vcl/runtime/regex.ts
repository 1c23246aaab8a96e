import { setFlagsFromString } from 'node:v8'
import { emitRegex, isExponential, isLinear } from './regex-emit.ts'
import { parseRegex } from './regex-parse.ts'
import type { RegexNode } from './regex-tree.ts'
import { canBeEmpty, children, RegexError } from './regex-tree.ts'

/** Longest subject that is remembered. */
const REMEMBERED_MAX = 64

/**
 * A PCRE2 pattern of VCL, compiled to JavaScript. Bytes only: subjects are latin1, case is ASCII's. Case-insensitive
 * patterns become classes of both cases, as V8's linear engine takes no `i`.
 *
 * Known differences: a group inside a repetition forgets its capture when a later round does not reach it, and a
 * backreference to a group that took no part matches the empty string (PCRE keeps the one and fails the other).
 */
export class VclRegex {
  readonly pattern: string
  /** Number of capturing groups. */
  readonly groups: number
  /** V8's linear engine can take over when the pattern backtracks too much. */
  readonly linear: boolean
  private readonly tree: RegexNode
  private readonly plain: RegExp
  /** `$` means something else for subjects that end in a newline. */
  private readonly has_dollar: boolean
  /** What was tested last, and with what result. */
  private subject: string | undefined = undefined
  private matched = false
  private readonly scanners: (Scanner | undefined)[] = [undefined, undefined, undefined, undefined]

  constructor(pattern: string) {
    const { root, groups } = parseRegex(pattern)
    this.pattern = pattern
    this.groups = groups
    this.tree = root
    this.linear = isLinear(root)
    if (!this.linear && isExponential(root)) throw new RegexError(EXPONENTIAL, 0)
    this.has_dollar = hasDollar(root)
    this.plain = new RegExp(emitRegex(root, { final_newline: false, not_empty: false }).source)
  }

  /** Does it match anywhere? An unset subject is the empty string. */
  test(subject: string | undefined): boolean {
    // One request's Host is most often that of the request before.
    if (subject === undefined || subject.length > REMEMBERED_MAX) return this.matches(subject ?? '')
    if (subject !== this.subject) {
      this.matched = this.matches(subject)
      this.subject = subject
    }
    return this.matched
  }

  private matches(subject: string): boolean {
    if (this.has_dollar && endsInNewline(subject)) return this.exec(subject, 0, false) !== null
    return this.plain.test(subject)
  }

  /** The first match at or after `from`; look-behind and `^` see the whole subject. */
  exec(subject: string, from: number, not_empty: boolean): RegExpExecArray | null {
    const { regexp } = this.scanner(subject, not_empty)
    regexp.lastIndex = from
    return regexp.exec(subject)
  }

  /** Text of PCRE's group `index` of a match from `exec` with the same arguments; '' when it took no part. */
  captured(match: RegExpExecArray, index: number, subject: string, not_empty: boolean): string {
    const own = index === 0 ? 0 : this.scanner(subject, not_empty).groups[index]
    return own === undefined ? '' : (match[own] ?? '')
  }

  private scanner(subject: string, asked_not_empty: boolean): Scanner {
    const not_empty = asked_not_empty && canBeEmpty(this.tree)
    const final_newline = this.has_dollar && endsInNewline(subject)
    const slot = (not_empty ? 2 : 0) + (final_newline ? 1 : 0)
    const made = this.scanners[slot]
    if (made !== undefined) return made
    const { source, groups } = emitRegex(this.tree, { final_newline, not_empty })
    return (this.scanners[slot] = { regexp: new RegExp(source, 'g'), groups })
  }
}

interface Scanner {
  readonly regexp: RegExp
  readonly groups: readonly number[]
}

const EXPONENTIAL =
  'nested repetition together with lookaround, atomic groups or backreferences could take exponential time; ' +
  'drop one of them or separate the inner repetition by a delimiter'

/** Throws RegexError, whose message names the construct and its position. */
export function compileRegex(pattern: string): VclRegex {
  return new VclRegex(pattern)
}

/**
 * Lets V8 switch to its linear engine once a match has backtracked 50,000 times. Process-wide, and only for patterns
 * compiled afterwards: call it before any rules are loaded, in the main thread.
 */
export function boundBacktracking(): void {
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
}

function endsInNewline(subject: string): boolean {
  return subject.charCodeAt(subject.length - 1) === 10
}

function hasDollar(node: RegexNode): boolean {
  return (node.kind === 'anchor' && node.anchor === 'end_or_newline') || children(node).some(hasDollar)
}
