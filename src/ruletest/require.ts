import { existsSync } from 'node:fs'
import { OperatorError } from '../base/errors.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { PLAIN, reportText } from './report.ts'
import { runSuite, testsBeside, type RuleText } from './suite.ts'

/** `--require-tests`: rules without tests that pass are not let in. Throws an OperatorError with what failed. */
export async function requireTests(sources: readonly RuleText[], parameters: ParameterValues): Promise<void> {
  const [{ path }] = sources
  const tests = testsBeside(path)
  if (path.startsWith('<'))
    throw new OperatorError('these rules are not from a file, so there are no tests beside it: --require-tests wants some')
  if (!existsSync(tests)) throw new OperatorError(`${path} has no tests: --require-tests wants them in ${tests}`)
  const { policy } = parameters
  const report = await runSuite(tests, { parameters: () => ({ ...parameters }), policy, names: [], all: false, given: sources })
  if (report.outcomes.length === 0) throw new OperatorError(`${tests} has no test for policy=${policy}`)
  const failed = report.outcomes.filter(({ failures }) => failures.length > 0)
  if (failed.length === 0) return
  const count = `${failed.length} of ${report.outcomes.length} tests`
  throw new OperatorError(`${path} is not let in: ${count} failed\n${reportText({ ...report, outcomes: failed }, PLAIN).trimEnd()}`)
}
