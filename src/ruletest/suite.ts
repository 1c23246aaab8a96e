import { dirname, isAbsolute, join, resolve } from 'node:path'
import { OperatorError, messageOf, readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import { type ParameterValues } from '../config/parameters.ts'
import { setParameter } from '../config/parameter-values.ts'
import type { Place } from '../vcl/ast.ts'
import { formatDiagnostic, type Diagnostic, type SourceSet } from '../vcl/diagnostic.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import { compileVcl } from '../vcl/load.ts'
import { limitMatching } from '../pattern/regex.ts'
import { Coverage } from './coverage.ts'
import type { PolicyName, Replace, TestCase, TestFile } from './language/ast.ts'
import { parseTests } from './language/parse.ts'
import { runTest, type Outcome } from './run.ts'

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
  const outcomes: Outcome[] = []
  let elsewhere = 0
  for (const test of file.tests.filter(({ name }) => isWanted(name, options.names))) {
    const policies = (test.policies ?? file.policies).filter((name) => options.policy === undefined || name === options.policy)
    if (policies.length === 0) elsewhere++
    for (const policy of policies) outcomes.push(await builder.run(test, policy))
  }
  return { path, rules, sources: file.sources, outcomes, elsewhere, coverage: builder.coverage }
}

function resolveBeside(path: string, named: string): string {
  return isAbsolute(named) ? named : join(dirname(path), named)
}

function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()))
}

function readTests(path: string): TestFile {
  const parsed = parseTests(readFile(path, 'the tests'), path)
  if (parsed.ok) return parsed.file
  throw new OperatorError(`the tests cannot be read:\n${parsed.diagnostics.map((one) => formatDiagnostic(one, parsed.sources)).join('\n')}`)
}

function readFile(path: string, what: string): string {
  try {
    return readRuleFile(path)
  } catch (error) {
    throw new OperatorError(`${path}: ${what}: ${readFault(error)}`, { cause: error })
  }
}

/** Compiles the rules of a file once for each way in which its tests want them. */
class Builder {
  private readonly file: TestFile
  private readonly rules: string
  private readonly source: string
  private readonly known: ReadonlyMap<string, string>
  private readonly options: SuiteOptions
  private readonly images = new Map<string, VclImage>()
  readonly coverage = new Coverage()

  constructor(file: TestFile, rules: string, options: SuiteOptions) {
    this.file = file
    this.rules = rules
    this.options = options
    const { given } = options
    this.known = new Map(given?.map(({ path, text }) => [path, text]))
    this.source = given === undefined ? readFile(rules, `the rules of ${file.path}`) : given[0].text
  }

  async run(test: TestCase, policy: PolicyName): Promise<Outcome> {
    const params = this.parameters(test, policy)
    const image = this.image(this.rules, this.adapted(test), params)
    const labels = new Map(this.file.labels.map(({ name, path }) => [name, this.labelled(path, params)]))
    const steps = [...this.file.setup, ...test.steps]
    const outcome = await runTest({ name: test.name, at: test.at, policy, steps, image, labels, params }, this.options.all)
    this.coverage.add(image.trace ?? [], outcome.ran)
    return outcome
  }

  /** The test's own before the file's before those that hold for all. */
  private parameters(test: TestCase, policy: PolicyName): ParameterValues {
    const values = this.options.parameters()
    // Files that rules name lie beside them, too.
    setParameter(values, `vcl_path=${dirname(this.rules)}:${values.vcl_path}`)
    for (const { at, text } of [...this.file.params, ...test.params]) this.assign(values, text, at)
    setParameter(values, `policy=${policy}`)
    return values
  }

  private assign(values: ParameterValues, text: string, at: Place): void {
    try {
      if (/^policy\s*=/.test(text)) throw new OperatorError('the policy is given as `policy NAME`')
      setParameter(values, text)
    } catch (error) {
      this.refuse({ at, message: messageOf(error) })
    }
  }

  private adapted(test: TestCase): string {
    return [...this.file.replaces, ...test.replaces].reduce((text, replace) => this.replaced(text, replace), this.source)
  }

  private replaced(text: string, { at, from, to }: Replace): string {
    if (from === '' || !text.includes(from)) this.refuse({ at, message: `${this.rules} does not say '${from}'` })
    return text.replaceAll(from, () => to)
  }

  private labelled(named: string, params: ParameterValues): VclImage {
    const path = resolveBeside(this.file.path, named)
    return this.image(path, readFile(path, `the rules behind a label of ${this.file.path}`), params)
  }

  private image(path: string, source: string, params: ParameterValues): VclImage {
    const { policy, vcl_path, vcc_err_unref } = params
    limitMatching(params.pcre2_match_limit, params.pcre2_depth_limit)
    const key = JSON.stringify([policy, vcl_path, vcc_err_unref, path, source])
    const known = this.images.get(key)
    if (known !== undefined) return known
    const compiled = compileVcl(source, {
      path,
      policy,
      vcl_path: vcl_path.split(':'),
      readFile: (included) => this.known.get(included) ?? readRuleFile(included),
      labels: this.file.labels.map(({ name }) => name),
      errUnref: vcc_err_unref,
      trace: true,
    })
    if (!compiled.ok) throw new OperatorError(`the rules are not accepted:\n${compiled.text}`)
    this.images.set(key, compiled.program.image)
    return compiled.program.image
  }

  private refuse(diagnostic: Diagnostic): never {
    throw new OperatorError(`the tests cannot be run:\n${formatDiagnostic(diagnostic, this.file.sources)}`)
  }
}
