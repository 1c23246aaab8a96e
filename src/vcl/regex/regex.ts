import { setFlagsFromString } from 'node:v8'
import { VclFailure } from '../runtime/failure.ts'
import { isLinear, longestSafe } from './cost.ts'
import { samenessOf } from './differences.ts'
import { emitRegex } from './emit.ts'
import { Machine } from './machine.ts'
import { parseRegex } from './parse.ts'
import { programOf } from './program.ts'
import { MatchLimit } from './stack.ts'
import { has, type RegexTree } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** Longest subject that is remembered. */
const REMEMBERED_MAX = 64
/** Steps of our own matcher for each of what pcre2_match_limit counts. */
const STEPS_EACH = 100

/** How much one search may be; of the thread. */
const limits = { match: 10_000, depth: 1000 }

export function limitMatching(match: number, depth: number): void {
  limits.match = match
  limits.depth = depth
}

/**
 * A PCRE2 pattern of VCL. Bytes only: subjects are latin1, case is ASCII's.
 *
 * V8 runs it, written as a JavaScript pattern, where that means the same and cannot take long: where V8 can fall back to its linear
 * engine, or where the subject is short enough for what the pattern is. All else a matcher of our own runs, whose steps are counted.
 */
export class VclRegex {
  readonly pattern: string
  /** Number of capturing groups. */
  readonly groups: number
  /** V8's linear engine can take over when the pattern backtracks too much. */
  readonly linear: boolean
  /** Of the last match that was found. */
  start = 0
  end = 0
  private readonly tree: RegexTree
  /** The longest subjects that V8 gets; -1 for none. */
  private test_max: number
  private find_max: number
  private readonly plain: RegExp
  private readonly numbers: readonly number[]
  private readonly can_be_empty: boolean
  private scanner: RegExp | undefined
  private made: Machine | undefined
  /** `$` means something else for subjects that end in a newline. */
  private readonly has_dollar: boolean
  /** What was tested last, and with what result. */
  private subject: string | undefined = undefined
  private matched = false
  /** Where the groups of the last match are: in what V8 found, or else in our own matcher. */
  private found: RegExpExecArray | undefined = undefined
  private searched = ''

  constructor(pattern: string) {
    const tree = parseRegex(pattern)
    this.pattern = pattern
    this.groups = tree.groups
    this.tree = tree
    this.linear = isLinear(tree.root)
    const { test, find } = tree.not_empty === 'never' ? samenessOf(tree.root) : NEITHER
    const longest = !test ? -1 : this.linear ? Infinity : longestSafe(tree.root)
    this.test_max = longest
    this.find_max = find ? longest : -1
    this.has_dollar = has(tree.root, (node) => node.kind === 'anchor' && node.anchor === 'end_or_newline')
    const { source, groups } = test ? emitRegex(tree.root) : NOTHING
    this.plain = new RegExp(source)
    this.numbers = groups
    this.can_be_empty = canBeEmpty(tree.root)
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
    if (subject.length > this.test_max || (this.has_dollar && endsInNewline(subject))) return this.search(subject, 0, false, undefined)
    try {
      return this.plain.test(subject)
    } catch {
      // Too large for V8, which tells only now.
      this.test_max = this.find_max = -1
      return this.search(subject, 0, false, undefined)
    }
  }

  /**
   * The first match at or after `from`: `start`, `end` and `group` have it. Lookbehind and `^` see the whole subject. `budget` is
   * shared by the searches of one subject.
   */
  find(subject: string, from: number, not_empty: boolean, budget?: Budget): boolean {
    const own = subject.length > this.find_max || budget?.is_slow === true || (this.has_dollar && endsInNewline(subject))
    if (own || (not_empty && this.can_be_empty)) return this.search(subject, from, not_empty, budget)
    try {
      return this.findByV8(subject, from)
    } catch {
      this.test_max = this.find_max = -1
      return this.search(subject, from, not_empty, budget)
    }
  }

  private findByV8(subject: string, from: number): boolean {
    const scanner = (this.scanner ??= new RegExp(this.plain.source, 'g'))
    scanner.lastIndex = from
    const found = scanner.exec(subject)
    if (found === null) return false
    this.found = found
    this.start = found.index
    this.end = found.index + found[0].length
    return true
  }

  /** Text of group `index` of the last match; '' when it took no part. */
  group(index: number): string {
    if (this.found !== undefined) return index <= this.groups ? (this.found[this.numbers[index]] ?? '') : ''
    if (index > this.groups) return ''
    const { registers } = this.machine()
    return registers[2 * index + 1] < 0 ? '' : this.searched.slice(registers[2 * index], registers[2 * index + 1])
  }

  /** With our own matcher. */
  private search(subject: string, from: number, not_empty: boolean, shared: Budget | undefined): boolean {
    const machine = this.machine()
    const budget = shared ?? newBudget()
    const own = this.tree.not_empty
    machine.steps = Math.min(budget.steps, this.tree.limit * STEPS_EACH)
    const before = machine.steps
    let found
    try {
      found = machine.search(subject, from, not_empty || own === 'always', own === 'at_start', limits.depth)
    } catch (error) {
      if (error instanceof MatchLimit) throw new VclFailure(`regex "${excerpt(this.pattern)}" given up: ${error.message}`)
      throw error
    }
    budget.steps -= before - machine.steps
    if (!found) return false
    this.found = undefined
    this.searched = subject
    this.start = machine.registers[0]
    this.end = machine.registers[1]
    return true
  }

  /** Made when it is needed: most patterns never do. */
  private machine(): Machine {
    return (this.made ??= new Machine(programOf(this.tree)))
  }
}

/** What the searches of one subject may take together. */
export interface Budget {
  /** Of our own matcher. */
  steps: number
  /** V8 has taken so long that our own matcher, which is bounded, goes on. */
  is_slow: boolean
}

export function newBudget(): Budget {
  return { steps: limits.match * STEPS_EACH, is_slow: false }
}

const NEITHER = { test: false, find: false }
const NOTHING = { source: '[]', groups: [0] }

function excerpt(pattern: string): string {
  return pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern
}

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
