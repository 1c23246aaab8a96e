import type { ServeOptions } from '../config/command-line.ts'
import { version } from '../config/version.ts'
import type { Endpoint } from '../listen/address.ts'
import type { Operations } from './operations.ts'
import type { RuleListener, RuleSets } from './rule-sets.ts'

/** What the operations log is told of the program's life: a line for each. */

export interface Started {
  readonly options: ServeOptions
  readonly endpoints: readonly Endpoint[]
  readonly rules: RuleSets
  /** A line for each of them. */
  readonly stores: readonly string[]
  /** The work directory, if there is one. */
  readonly directory: string | undefined
}

export function tellStart(operations: Operations, { options, endpoints, rules, stores, directory }: Started): void {
  const { workers, parameters } = options
  const where = endpoints.map(({ text }) => text).join(', ')
  const shown = directory === undefined ? '' : `, work directory ${directory}`
  const { name, rules: of } = rules.active
  operations.write(
    'info',
    `started: lacquer ${version()}, process ${process.pid}, ${workers} worker${workers === 1 ? '' : 's'} on ${where}, policy=${parameters.policy}, rules ${name} from ${of.sources[0].path}${shown}`,
  )
  for (const line of stores) operations.write('info', line)
  // Whoever comes from varnishd relies on its jail.
  if (options.lenient && process.getuid?.() === 0)
    operations.write('warn', 'this runs as root, and stays it: -j means nothing here; let the unit say User= (docs/from-varnishd.md)')
}

/** Rule sets that come, take over and go; those of the start are told of there. */
export function tellRules(operations: Operations): RuleListener {
  const say = (line: string): void => operations.write('info', line)
  return {
    loaded: ({ name, rules }) => say(`rules ${name} are loaded from ${rules.sources[0].path}`),
    used: ({ name }) => say(`rules ${name} are active`),
    discarded: ({ name }) => say(`rules ${name} are discarded; requests under way go on by them`),
    over: ({ name }) => say(`rules ${name} have ended`),
  }
}
