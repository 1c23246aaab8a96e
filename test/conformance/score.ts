import { TIMES } from './again.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { OUTCOME, type Outcome } from './outcome.ts'
import type { CacheTest, RawResult, RawResults, Suite } from './suite.ts'

export type Kind = 'required' | 'optimal' | 'check'

export interface Judged {
  suite: string
  id: string
  kind: Kind
  outcome: Outcome
  message: string
  /** Passed, but not at first (again.ts): what went wrong then. */
  first?: string
}

export interface Score {
  passed: number
  total: number
}

export function judge(suites: Suite[], results: RawResults): Judged[] {
  const tests = new Map(suites.flatMap((suite) => suite.tests.map((test) => [test.id, test])))
  return suites.flatMap((suite) =>
    suite.tests
      .filter((test) => test.browser_only !== true)
      .map((test) => {
        const [outcome, message] = withExceptions(test.id, outcomeOf(test, tests, results))
        return { suite: suite.name, id: test.id, kind: test.kind ?? 'required', outcome, message }
      }),
  )
}

/** Only the end that its exception speaks of: a test that did not come that far proves nothing. */
function withExceptions(id: string, judged: [Outcome, string]): [Outcome, string] {
  const exception = EXCEPTIONS.get(id)
  return exception?.outcome === judged[0] ? [OUTCOME.excepted, exception.reason] : judged
}

function outcomeOf(test: CacheTest, tests: Map<string, CacheTest>, results: RawResults): [Outcome, string] {
  const result = results[test.id]
  if (result === undefined) return [OUTCOME.untested, '']
  const missing = (test.depends_on ?? []).filter((id) => {
    const dependency = tests.get(id)
    // Unknown when one test is run alone: then it is judged alone.
    return dependency !== undefined && outcomeOf(dependency, tests, results)[0] !== OUTCOME.pass
  })
  return missing.length > 0 ? [OUTCOME.dependency, missing.join(', ')] : ownOutcome(result)
}

function ownOutcome(result: RawResult): [Outcome, string] {
  if (result === true) return [OUTCOME.pass, '']
  const [kind, message] = result
  if (kind !== 'Setup') return [OUTCOME.fail, message]
  return message === 'retry' ? [OUTCOME.retry, ''] : [OUTCOME.setup, message]
}

export function scoreOf(judged: Judged[], kind: Kind): Score {
  const of = judged.filter((test) => test.kind === kind)
  return { passed: of.filter((test) => test.outcome === OUTCOME.pass).length, total: of.length }
}

/** Everything that did not pass, by kind and suite, one line each. Of the informative tests only those that could not run. */
export function report(judged: Judged[]): string[] {
  const lines: string[] = []
  for (const kind of ['required', 'optimal', 'check'] as const) {
    const shown = judged.filter((test) => test.kind === kind && test.outcome !== OUTCOME.pass && !(kind === 'check' && isAnswer(test)))
    if (shown.length === 0) continue
    lines.push('', `${kind}: ${shown.length} not passed`)
    let suite = ''
    for (const test of shown) {
      if (test.suite !== suite) lines.push(`  ${(suite = test.suite)}`)
      lines.push(`    ${test.id}: ${test.outcome}${test.message === '' ? '' : ` ${test.message}`}`)
    }
  }
  return lines
}

/** Those that have passed when they ran again, and what they had failed of. */
export function reportAgain(judged: Judged[]): string[] {
  const late = judged.filter(({ first }) => first !== undefined)
  if (late.length === 0) return []
  return ['', `passed only when run again, ${TIMES} times: ${late.length}`, ...late.map(({ id, first }) => `    ${id}: at first ${first}`)]
}

/** `now`, with those marked that have passed when they ran again, and with what they had failed of. */
export function mended(first: Judged[], now: Judged[], passed: ReadonlySet<string>): Judged[] {
  const failures = new Map(first.map(({ id, outcome, message }) => [id, `${outcome} ${message}`.trimEnd()]))
  return now.map((test) => (passed.has(test.id) ? { ...test, first: failures.get(test.id) ?? '' } : test))
}

/** True of a test that counts, and has neither passed nor been excepted. */
export function hasFailed({ kind, outcome }: Judged): boolean {
  return kind !== 'check' && outcome !== OUTCOME.pass && outcome !== OUTCOME.excepted
}

/** An informative test that ran has answered yes or no: both are answers. */
function isAnswer(test: Judged): boolean {
  return test.outcome === OUTCOME.fail || test.outcome === OUTCOME.dependency
}
