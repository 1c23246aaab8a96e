import { setFlagsFromString } from 'node:v8'
import { messageOf } from '../base/errors.ts'
import { isLinear, LENGTH_LINEAR, safeLengths } from './cost.ts'
import { samenessOf } from './differences.ts'
import { emitRegex } from './emit.ts'
import { Machine } from './machine.ts'
import { parseRegex } from './parse.ts'
import { programOf } from './program.ts'
import { MatchLimit } from './stack.ts'
import { has, type RegexTree } from './tree.ts'
import { canBeEmpty } from './width.ts'

/** Longest subject that is remembered. */
const REMEMBERED_MAX = 256
/** Steps of our own matcher for each of what pcre2_match_limit counts. */
const STEPS_EACH = 100
/** The linear engine is ten times slower where a pattern does not backtrack, and quicker after so often. */
const BACKTRACKS_MAX = 2000
/** Steps of our own matcher for each byte, after which the linear engine is quicker. */
const STEPS_PER_BYTE = 8

/** V8's flag that asks for its linear engine; only after `boundBacktracking`. */
export const LINEAR = 'l'

/** How much one search may be; of the thread. */
const limits = { match: 10_000, depth: 1000 }

export function limitMatching(match: number, depth: number): void {
  limits.match = match
  limits.depth = depth
}

/** A match that would have taken more steps than it may. To rules it is a failure like any other. */
export class PatternGivenUp extends Error {
  override readonly name = 'PatternGivenUp'
}

/**
 * A PCRE2 pattern of VCL. Bytes only: subjects are latin1, case is ASCII's.
 *
 * V8 runs it, written as a JavaScript pattern, where that means the same and the subject is short enough for what V8 could make of it. All else
 * our own matcher runs, whose steps are counted; where those do not suffice, V8's linear engine does it if it takes the pattern.
 */
export class VclRegex {
  readonly pattern: string
  /** Number of capturing groups. */
  readonly groups: number
  /** Of the last match that was found. */
  start = 0
  end = 0
  private readonly tree: RegexTree
  /** The longest subjects that V8 gets; -1 for none. */
  private test_max = -1
  private find_max = -1
  /** The longest that its linear engine gets. */
  private linear_max = -1
  /** What V8 would say is what PCRE2 says. */
  private readonly same: { readonly test: boolean; readonly find: boolean }
  private is_measured = false
  private readonly plain: RegExp
  /** The same on V8's linear engine, which takes over from `plain` as well then; undefined when it does not take the pattern. */
  private readonly linear: RegExp | undefined
  private readonly numbers: readonly number[]
  private readonly can_be_empty: boolean
  /** `$` means something else for subjects that end in a newline. */
  private readonly has_dollar: boolean
  private scanner: RegExp | undefined
  private machine: Machine | undefined
  /** What was tested last, and with what result. */
  private subject: string | undefined = undefined
  private matched = false
  /** Where the groups of the last match are: in what V8 found, or else in our own matcher. */
  private found: RegExpExecArray | undefined = undefined
  private searched = ''

  constructor(pattern: string) {
    const tree = parseRegex(pattern)
    const { root } = tree
    this.pattern = pattern
    this.groups = tree.groups
    this.tree = tree
    this.same = tree.not_empty === 'never' ? samenessOf(root) : NEITHER
    this.has_dollar = has(root, (node) => node.kind === 'anchor' && node.anchor === 'end_or_newline')
    this.can_be_empty = canBeEmpty(root)
    const { source, groups } = this.same.test ? emitRegex(root) : NOTHING
    this.plain = new RegExp(source)
    this.numbers = groups
    this.linear = this.same.test && isLinear(root) ? linearOrNone(source) : undefined
    if (this.linear !== undefined) this.give(LENGTH_LINEAR)
  }

  /** Does it match anywhere? An unset subject is the empty string. */
  test(subject: string | undefined): boolean {
    // One request's Host, or User-Agent, is often that of the request before.
    if (subject === undefined || subject.length > REMEMBERED_MAX) return this.matches(subject ?? '')
    if (subject !== this.subject) {
      this.matched = this.matches(subject)
      this.subject = subject
    }
    return this.matched
  }

  private matches(subject: string): boolean {
    if (subject.length > this.test_max || (this.has_dollar && endsInNewline(subject))) return this.matchesLong(subject)
    try {
      return this.plain.test(subject)
    } catch {
      return this.tooLarge().search(subject, 0, false, newBudget())
    }
  }

  /** Where V8 could take too long, or would mean something else. */
  private matchesLong(subject: string): boolean {
    if (!this.is_measured && subject.length <= this.measured().test_max) return this.matches(subject)
    return this.searchLong(subject, 0, false, newBudget(), this.same.test)
  }

  /**
   * The first match at or after `from`: `start`, `end` and `group` have it. Lookbehind and `^` see the whole subject. `budget` is
   * shared by the searches of one subject.
   */
  find(subject: string, from: number, not_empty: boolean, budget: Budget): boolean {
    const own = (not_empty && this.can_be_empty) || budget.is_slow || (this.has_dollar && endsInNewline(subject))
    if (own) return this.search(subject, from, not_empty, budget)
    if (subject.length > this.find_max && (this.is_measured || subject.length > this.measured().find_max)) {
      return this.searchLong(subject, from, not_empty, budget, this.same.find)
    }
    try {
      return this.ask((this.scanner ??= new RegExp(this.plain.source, 'g')), subject, from)
    } catch {
      return this.tooLarge().search(subject, from, not_empty, budget)
    }
  }

  /** Text of group `index` of the last match; '' when it took no part. */
  group(index: number): string {
    if (index > this.groups) return ''
    if (this.found !== undefined) return this.found[this.numbers[index]] ?? ''
    const registers = this.machine?.registers
    if (registers === undefined || registers[2 * index + 1] < 0) return ''
    return this.searched.slice(registers[2 * index], registers[2 * index + 1])
  }

  /** Forgets the text of the last match. */
  release(): void {
    this.found = undefined
    this.searched = ''
  }

  // ---- V8

  private give(length: number): void {
    this.test_max = length
    this.find_max = this.same.find ? length : -1
  }

  /** Looks at the pattern more closely, when a subject is long. */
  private measured(): this {
    this.is_measured = true
    if (!this.same.test) return this
    const { backtracking, linear } = safeLengths(this.tree.root, this.linear !== undefined)
    this.give(backtracking)
    this.linear_max = linear
    return this
  }

  /** V8 tells only when it is to run a pattern that this is too large for it. */
  private tooLarge(): this {
    this.is_measured = true
    this.test_max = this.find_max = this.linear_max = -1
    return this
  }

  private ask(scanner: RegExp, subject: string, from: number): boolean {
    scanner.lastIndex = from
    const found = scanner.exec(subject)
    if (found === null) return false
    this.found = found
    this.start = found.index
    this.end = found.index + found[0].length
    return true
  }

  // ---- our own matcher

  /** `same`: V8's linear engine may be asked, where our own matcher takes long. */
  private searchLong(subject: string, from: number, not_empty: boolean, budget: Budget, same: boolean): boolean {
    const is_linear = same && subject.length <= this.linear_max && !(this.has_dollar && endsInNewline(subject))
    const linear = is_linear ? this.linear : undefined
    if (linear === undefined) return this.search(subject, from, not_empty, budget)
    if (budget.is_linear) return this.ask(linear, subject, from)
    try {
      return this.run(subject, from, not_empty, subject.length * STEPS_PER_BYTE, budget)
    } catch (error) {
      if (!(error instanceof MatchLimit)) throw error
      budget.is_linear = true
      return this.ask(linear, subject, from)
    }
  }

  private search(subject: string, from: number, not_empty: boolean, budget: Budget): boolean {
    try {
      return this.run(subject, from, not_empty, this.tree.limit * STEPS_EACH, budget)
    } catch (error) {
      if (error instanceof MatchLimit) throw new PatternGivenUp(`regex "${excerpt(this.pattern)}" given up: ${messageOf(error)}`)
      throw error
    }
  }

  private run(subject: string, from: number, not_empty: boolean, steps: number, budget: Budget): boolean {
    // Made when it is needed: most patterns never do.
    const machine = (this.machine ??= new Machine(programOf(this.tree)))
    const own = this.tree.not_empty
    machine.steps = Math.min(budget.steps, steps)
    const before = machine.steps
    const is_found = machine.search(subject, from, not_empty || own === 'always', own === 'at_start', limits.depth)
    budget.steps -= before - machine.steps
    if (!is_found) return false
    this.found = undefined
    this.searched = subject
    this.start = machine.registers[0]
    this.end = machine.registers[1]
    return true
  }
}

/** What the searches of one subject may take together. */
export interface Budget {
  /** Of our own matcher. */
  steps: number
  /** That takes longer than V8's linear engine. */
  is_linear: boolean
  /** V8 has taken so long that our own matcher, which is bounded, goes on. */
  is_slow: boolean
}

export function newBudget(): Budget {
  return { steps: limits.match * STEPS_EACH, is_linear: false, is_slow: false }
}

/** Undefined when V8 does not take it, and without `boundBacktracking`. V8 compiles it when it first runs. */
function linearOrNone(source: string): RegExp | undefined {
  try {
    return new RegExp(source, `${LINEAR}g`)
  } catch {
    return undefined
  }
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

/** Patterns up to this length V8 cannot refuse: what refuses them has read them. */
const READ_MAX = 1024

/** Throws as compileRegex does, for less: for rules that are checked here and run elsewhere. */
export function checkRegex(pattern: string): void {
  if (pattern.length <= READ_MAX) parseRegex(pattern)
  else compileRegex(pattern)
}

/**
 * Lets V8 switch to its linear engine once a match has backtracked too often, and lets us ask for that engine. Process-wide, and only for
 * patterns compiled afterwards: call it before any rules are loaded, in the main thread.
 */
export function boundBacktracking(): void {
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
  setFlagsFromString(`--regexp-backtracks-before-fallback=${BACKTRACKS_MAX}`)
  setFlagsFromString('--enable-experimental-regexp-engine')
}

function endsInNewline(subject: string): boolean {
  return subject.charCodeAt(subject.length - 1) === 10
}
