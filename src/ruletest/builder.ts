import { dirname, isAbsolute, join } from 'node:path'
import { OperatorError, messageOf, readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { setParameter } from '../config/parameter-values.ts'
import type { Place } from '../vcl/ast.ts'
import { formatDiagnostic, type Diagnostic } from '../vcl/diagnostic.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import { type CompiledVcl, compileVcl } from '../vcl/load.ts'
import { limitMatching } from '../pattern/regex.ts'
import type { Named, PolicyName, Replace, TestCase, TestFile } from './language/ast.ts'
import type { Ready } from './run.ts'
import type { SuiteOptions } from './suite.ts'
import { type Declared, unknownNames } from './unknown.ts'

const COMPLAINTS_MAX = 20

export function resolveBeside(path: string, named: string): string {
  return isAbsolute(named) ? named : join(dirname(path), named)
}

export function readFile(path: string, what: string): string {
  try {
    return readRuleFile(path)
  } catch (error) {
    throw new OperatorError(`${path}: ${what}: ${readFault(error)}`, { cause: error })
  }
}

interface Built {
  readonly image: VclImage
  readonly declared: Declared
}

/** Makes tests ready to be run: compiles the rules of a file once for each way in which its tests want them, and collects what is wrong with what they ask. */
export class Builder {
  private readonly file: TestFile
  private readonly rules: string
  private readonly source: string
  private readonly known: ReadonlyMap<string, string>
  private readonly options: SuiteOptions
  private readonly built = new Map<string, Built>()
  private readonly diagnostics: Diagnostic[] = []

  constructor(file: TestFile, rules: string, options: SuiteOptions) {
    this.file = file
    this.rules = rules
    this.options = options
    const { given } = options
    this.known = new Map(given?.map(({ path, text }) => [path, text]))
    this.source = given === undefined ? this.readRules(rules, file.rules) : given[0].text
  }

  build(test: TestCase, policy: PolicyName): Ready {
    const params = this.parameters(test, policy)
    const { image, declared } = this.compiled(this.rules, this.adapted(test), params)
    const labels = this.file.labels.map(({ name, path }) => [name, this.labelled(path, params)] as const)
    const steps = [...this.file.setup, ...test.steps]
    this.complain(unknownNames(steps, together([declared, ...labels.map(([, label]) => label.declared)])))
    const images = new Map(labels.map(([name, label]) => [name, label.image]))
    return { name: test.name, at: test.at, policy, steps, image, labels: images, params }
  }

  /** An OperatorError with all that is. */
  refuseWhatIsWrong(): void {
    if (this.diagnostics.length === 0) return
    const all = this.diagnostics.toSorted((a, b) => a.at.offset - b.at.offset).slice(0, COMPLAINTS_MAX)
    throw new OperatorError(`the tests cannot be run:\n${all.map((one) => formatDiagnostic(one, this.file.sources)).join('\n')}`)
  }

  /** What stands in front of the tests, or is tried under two policies, is wrong once. */
  private complain(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      const { offset } = diagnostic.at
      const said = this.diagnostics.some(({ at, message }) => at.offset === offset && message === diagnostic.message)
      if (!said) this.diagnostics.push(diagnostic)
    }
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
      this.complain([{ at, message: messageOf(error) }])
    }
  }

  private adapted(test: TestCase): string {
    return [...this.file.replaces, ...test.replaces].reduce((text, replace) => this.replaced(text, replace), this.source)
  }

  private replaced(text: string, { at, from, to }: Replace): string {
    if (from !== '' && text.includes(from)) return text.replaceAll(from, () => to)
    this.complain([{ at, message: `${this.rules} does not say '${from}'` }])
    return text
  }

  private labelled(named: Named, params: ParameterValues): Built {
    const path = resolveBeside(this.file.path, named.text)
    return this.compiled(path, this.readRules(path, named), params)
  }

  /** What cannot be read is told with the place that names it. */
  private readRules(path: string, named: Named | undefined): string {
    if (named === undefined) return readFile(path, `the rules of ${this.file.path}`)
    try {
      return readRuleFile(path)
    } catch (error) {
      this.complain([{ at: named.at, message: `${path}: ${readFault(error)}` }])
      this.refuseWhatIsWrong()
      throw error
    }
  }

  private compiled(path: string, source: string, params: ParameterValues): Built {
    const { policy, vcl_path, vcc_err_unref } = params
    limitMatching(params.pcre2_match_limit, params.pcre2_depth_limit)
    const key = JSON.stringify([policy, vcl_path, vcc_err_unref, path, source])
    const known = this.built.get(key)
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
    if (!compiled.ok) {
      // What is wrong with a line of the tests may be the reason.
      this.refuseWhatIsWrong()
      throw new OperatorError(`the rules are not accepted:\n${compiled.text}`)
    }
    const built = { image: compiled.program.image, declared: declaredBy(compiled.program) }
    this.built.set(key, built)
    return built
  }
}

function declaredBy({ backends, symbols }: CompiledVcl): Declared {
  return { backends: backends.map(({ name }) => name), open: symbols.some(({ kind, type }) => kind === 'module' && type === 'dynamic') }
}

function together(all: readonly Declared[]): Declared {
  return { backends: [...new Set(all.flatMap(({ backends }) => backends))], open: all.some(({ open }) => open) }
}
