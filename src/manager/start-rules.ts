import type { Clock } from '../base/clock.ts'
import type { ServeOptions } from '../config/command-line.ts'
import type { CounterSet } from '../counters/counters.ts'
import type { DemoOrigin } from './demo-origin.ts'
import type { Operations } from './operations.ts'
import { RuleSets } from './rule-sets.ts'
import type { CheckedRules } from './rules.ts'
import type { Workers } from './workers.ts'

/** The rules of the command line, compiled: the last ones are active. */
export interface StartRules {
  readonly name: string
  readonly rules: CheckedRules
}

/** As in varnishd: the only one is `boot` (with -d there may be none); of several the last is, and those before it are boot0, boot1 and so on. Throws an OperatorError. */
export async function startRules(options: ServeOptions, demo: DemoOrigin | undefined): Promise<StartRules[]> {
  const { checkRules, sourceForBackend, sourceFromFile } = await import('./rules.ts')
  const { vclFile, otherVclFiles, parameters } = options
  const fromFile = (path: string): CheckedRules => checkRules(sourceFromFile(path, parameters.vcl_path), options)
  if (vclFile !== undefined) {
    const started = [
      ...otherVclFiles.map((path, i) => ({ name: `boot${i}`, rules: fromFile(path) })),
      { name: 'boot', rules: fromFile(vclFile) },
    ]
    if (options.requireTests) for (const { rules } of started) await vetRules(rules, options)
    return started
  }
  if (options.backend === undefined && demo === undefined) return []
  const backend = options.backend ?? { host: '127.0.0.1', port: demo?.port ?? 0, path: undefined, tls: false }
  return [{ name: 'boot', rules: checkRules(sourceForBackend(backend), options) }]
}

/** --require-tests: throws an OperatorError when theirs do not pass. */
async function vetRules({ sources }: CheckedRules, { parameters }: ServeOptions): Promise<void> {
  const { requireTests } = await import('../ruletest/require.ts')
  return requireTests(sources, parameters)
}

/** With the manager's compiler behind it. */
export async function newRuleSets(
  options: ServeOptions,
  started: readonly StartRules[],
  workers: Workers,
  counters: CounterSet,
  clock: Clock,
  operations: Operations,
): Promise<RuleSets> {
  const { checkRules, sourceFromFile } = await import('./rules.ts')
  const { parameters } = options
  const parts = {
    workers: options.workers,
    counters,
    clock,
    parameters,
    read: (path: string) => sourceFromFile(path, parameters.vcl_path),
    check: (source: Parameters<typeof checkRules>[0], labels: readonly string[]) => checkRules(source, options, labels),
    ...(options.requireTests ? { vet: (rules: CheckedRules) => vetRules(rules, options) } : {}),
    tell: (of: Parameters<Workers['rule']>[0]) => workers.rule(of),
    warn: (line: string) => operations.write('warn', line),
  }
  const sets = new RuleSets(parts)
  for (const { name, rules } of started) sets.begin(name, rules)
  return sets
}
