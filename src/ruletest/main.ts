import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../base/errors.ts'
import type { TestOptions } from '../config/command-line.ts'
import { defaultParameters, type ParameterValues } from '../config/parameters.ts'
import { setParameter } from '../config/parameter-values.ts'
import { boundBacktracking } from '../pattern/regex.ts'
import { COLOURED, coverageJson, coverageText, PLAIN, reportJson, reportText, summaryText, type Style } from './report.ts'
import { runSuite, testsBeside, type SuiteReport } from './suite.ts'

/** Where a report goes. */
export interface Output {
  readonly write: (text: string) => void
  /** It is a terminal. */
  readonly colours: boolean
}

/** `lacquer test FILE...`: the exit code: 0 all passed, 1 some did not, 2 there was something that could not be run at all. */
export async function runTests(options: TestOptions, output: Output): Promise<number> {
  // As in serve: before any pattern is compiled.
  boundBacktracking()
  const style = output.colours ? COLOURED : PLAIN
  const begun_ms = performance.now()
  const reports: SuiteReport[] = []
  let unfit = 0
  for (const path of options.files.flatMap(testFiles)) {
    try {
      reports.push(await runFile(path, options, output, style))
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      unfit++
      output.write(
        options.json
          ? `${JSON.stringify({ file: path, ok: false, error: error.message })}\n`
          : `${path}\n  ${style.bad('FAIL')} ${error.message}\n`,
      )
    }
  }
  if (!options.json && reports.length > 0) output.write(summaryText(reports, performance.now() - begun_ms, style))
  if (unfit > 0) return 2
  const outcomes = reports.flatMap((report) => report.outcomes)
  if (outcomes.length === 0) throw new OperatorError('lacquer test: none of the tests is meant by -t and -p')
  return outcomes.every(({ failures }) => failures.length === 0) ? 0 : 1
}

/** Of a folder those in it, by name. */
function testFiles(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [testsBeside(path)]
  const names = readdirSync(path).filter((name) => name.endsWith('.test'))
  if (names.length === 0) throw new OperatorError(`${path}: there are no tests (*.test) in this folder`)
  return names.toSorted().map((name) => join(path, name))
}

function parametersOf(assignments: readonly string[]): ParameterValues {
  const values = defaultParameters()
  for (const assignment of assignments) setParameter(values, assignment)
  return values
}

async function runFile(path: string, options: TestOptions, output: Output, style: Style): Promise<SuiteReport> {
  const report = await runSuite(path, {
    parameters: () => parametersOf(options.assignments),
    policy: options.policy,
    names: options.names,
    all: options.verbose,
  })
  output.write(options.json ? reportJson(report) : reportText(report, style))
  if (options.coverage) output.write(options.json ? coverageJson(report) : coverageText(report, style))
  return report
}
