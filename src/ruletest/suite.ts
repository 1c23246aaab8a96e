import { resolve } from 'node:path'
import { OperatorError } from '../base/errors.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { limitMatching } from '../pattern/regex.ts'
import { formatDiagnostic, type SourceSet } from '../vcl/diagnostic.ts'
import { Builder, readFile, resolveBeside } from './builder.ts'
import { Coverage } from './coverage.ts'
import type { PolicyName, TestFile } from './language/ast.ts'
import { parseTests } from './language/parse.ts'
import { runTest, type Outcome, type Ready } from './run.ts'

export interface SuiteOptions {
  /** New ones, which a file and its tests may change. */
  readonly parameters: () => ParameterValues
  /** Tests run under this policy alone. */
  readonly policy: PolicyName | undefined
  /** Tests whose name contains one of these; all when there is none. */
  readonly names: readonly string[]
  /** Traces of everything. */
  readonly all: boolean
  /** Rules that have been read already, the main file first: the tests have to be about them. */
  readonly given?: readonly RuleText[]
}

export interface RuleText {
  readonly path: string
  /** Bytes. */
  readonly text: string
}

export interface SuiteReport {
  readonly path: string
  /** The rule file. */
  readonly rules: string
  readonly sources: SourceSet
  readonly outcomes: readonly Outcome[]
  readonly coverage: Coverage
  /** Tests that were not run because they are for another policy. */
  readonly elsewhere: number
}

/** shop.vcl for shop.test. */
export function rulesBeside(path: string): string {
  return `${path.replace(/\.(?:test|vcl)$/, '')}.vcl`
}

/** shop.test for shop.vcl. */
export function testsBeside(path: string): string {
  return path.endsWith('.test') ? path : `${path.replace(/\.vcl$/, '')}.test`
}

/** Runs the tests of a file. An OperatorError when it, or its rules, cannot be used at all. */
export async function runSuite(path: string, options: SuiteOptions): Promise<SuiteReport> {
  const file = readTests(path)
  const rules = file.rules === undefined ? rulesBeside(path) : resolveBeside(path, file.rules.text)
  if (options.given !== undefined && resolve(rules) !== resolve(options.given[0].path)) {
    throw new OperatorError(`${path} has the tests of ${rules}, not of ${options.given[0].path}`)
  }
  const builder = new Builder(file, rules, options)
  const ready: Ready[] = []
  let elsewhere = 0
  for (const test of file.tests.filter(({ name }) => isWanted(name, options.names))) {
    const policies = (test.policies ?? file.policies).filter((name) => options.policy === undefined || name === options.policy)
    if (policies.length === 0) elsewhere++
    for (const policy of policies) ready.push(builder.build(test, policy))
  }
  builder.refuseWhatIsWrong()
  const coverage = new Coverage()
  const outcomes: Outcome[] = []
  for (const test of ready) outcomes.push(await run(test, coverage, options.all))
  return { path, rules, sources: file.sources, outcomes, elsewhere, coverage }
}

async function run(ready: Ready, coverage: Coverage, all: boolean): Promise<Outcome> {
  const { image, params } = ready
  limitMatching(params.pcre2_match_limit, params.pcre2_depth_limit)
  const outcome = await runTest(ready, all)
  coverage.add(image.trace ?? [], outcome.ran)
  return outcome
}

function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()))
}

function readTests(path: string): TestFile {
  const parsed = parseTests(readFile(path, 'the tests'), path)
  if (parsed.ok) return parsed.file
  throw new OperatorError(`the tests cannot be read:\n${parsed.diagnostics.map((one) => formatDiagnostic(one, parsed.sources)).join('\n')}`)
}
