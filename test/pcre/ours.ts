import { isLinear } from '../../src/pattern/cost.ts'
import { samenessOf } from '../../src/pattern/differences.ts'
import { emitRegex } from '../../src/pattern/emit.ts'
import { Machine } from '../../src/pattern/machine.ts'
import { parseRegex } from '../../src/pattern/parse.ts'
import { programOf } from '../../src/pattern/program.ts'
import { boundBacktracking, compileRegex, LINEAR, newBudget, PatternGivenUp, type VclRegex } from '../../src/pattern/regex.ts'
import { MatchLimit } from '../../src/pattern/stack.ts'
import { RegexError } from '../../src/pattern/tree.ts'
import type { Spans, Verdict } from './oracle.ts'

boundBacktracking()

/** What differs from PCRE2's verdict; empty when nothing does. */
export function differences({ pattern, groups, matches }: Verdict, subjects: readonly string[]): string[] {
  const compiled = compiledOr(pattern)
  if (typeof compiled === 'string') return groups === undefined ? [] : [`refused: ${compiled}`]
  if (groups === undefined) return ['accepted']
  if (compiled.groups !== groups) return [`${compiled.groups} groups, PCRE2 counts ${groups}`]
  const machine = new Machine(programOf(parseRegex(pattern)))
  const linear = linearOf(pattern)
  const found: string[] = []
  for (const [i, expected] of matches.entries()) {
    if (expected === undefined) continue
    const subject = subjects[i]
    note(found, subject, 'machine', expected, byMachine(machine, pattern, subject))
    note(
      found,
      subject,
      'find',
      textsOf(expected, subject),
      orLimit(() => byFind(compiled, subject)),
    )
    note(
      found,
      subject,
      'test',
      expected !== 'none',
      orLimit(() => compiled.test(subject)),
    )
    // `$` is for subjects that do not end in a newline.
    if (linear !== undefined && !subject.endsWith('\n')) note(found, subject, 'linear', ...bothOf(linear, expected, subject))
  }
  return found
}

function note(into: string[], subject: string, what: string, expected: unknown, given: unknown): void {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(given)]
  if (a !== b && b !== '"limit"') into.push(`${what} ${JSON.stringify(subject)}: ${b}, PCRE2 ${a}`)
}

interface Linear {
  readonly regexp: RegExp
  readonly numbers: readonly number[]
  /** What it captures is to be compared, not only whether it matches. */
  readonly finds: boolean
}

/** The pattern for V8's linear engine, when it is given to that. */
export function linearOf(pattern: string): Linear | undefined {
  const { root, not_empty } = parseRegex(pattern)
  const same = samenessOf(root)
  if (!same.test || not_empty !== 'never' || !isLinear(root)) return undefined
  const { source, groups } = emitRegex(root)
  try {
    return { regexp: new RegExp(source, LINEAR), numbers: groups, finds: same.find }
  } catch {
    return undefined
  }
}

/** What is expected, and what it says. */
function bothOf({ regexp, numbers, finds }: Linear, expected: Spans | 'none', subject: string): [unknown, unknown] {
  const found = regexp.exec(subject)
  if (!finds || found === null || expected === 'none') return [expected !== 'none', found !== null]
  const groups = numbers.slice(1).map((number) => found[number] ?? '')
  return [textsOf(expected, subject), [found.index, found.index + found[0].length, ...withoutEmpty(groups)]]
}

function orLimit(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    if (error instanceof PatternGivenUp) return 'limit'
    throw error
  }
}

function compiledOr(pattern: string): VclRegex | string {
  try {
    return compileRegex(pattern)
  } catch (error) {
    if (error instanceof RegexError) return error.message
    throw error
  }
}

function byMachine(machine: Machine, pattern: string, subject: string): Spans | 'none' | 'limit' {
  const { not_empty, groups } = parseRegex(pattern)
  machine.steps = 10_000_000
  try {
    if (!machine.search(subject, 0, not_empty === 'always', not_empty === 'at_start', 10_000)) return 'none'
  } catch (error) {
    if (error instanceof MatchLimit) return 'limit'
    throw error
  }
  const { registers } = machine
  const spans = Array.from({ length: groups + 1 }, (_, i) =>
    registers[2 * i + 1] < 0 ? null : ([registers[2 * i], registers[2 * i + 1]] as const),
  )
  return withoutTail(spans)
}

/** PCRE2 does not list groups behind the last that took part. */
function withoutTail(spans: Spans): Spans {
  const last = spans.findLastIndex((span) => span !== null)
  return spans.slice(0, last + 1)
}

function byFind(regex: VclRegex, subject: string): unknown {
  if (!regex.find(subject, 0, false, newBudget())) return 'none'
  const groups = Array.from({ length: regex.groups }, (_, i) => regex.group(i + 1))
  return [regex.start, regex.end, ...withoutEmpty(groups)]
}

function textsOf(spans: Spans | 'none', subject: string): unknown {
  if (spans === 'none') return 'none'
  const [whole, ...groups] = spans
  return [whole![0], whole![1], ...withoutEmpty(groups.map((span) => (span === null ? '' : subject.slice(span[0], span[1]))))]
}

function withoutEmpty(groups: readonly string[]): readonly string[] {
  return groups.slice(0, groups.findLastIndex((group) => group !== '') + 1)
}
