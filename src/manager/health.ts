import type { Clock } from '../base/clock.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { CounterValues } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import type { LogWriter } from '../log/writer.ts'
import { Resolver } from '../origin/resolve.ts'
import { Health } from '../upkeep/health/health.ts'
import type { Operations } from './operations.ts'

export interface HealthNeeds {
  readonly options: { readonly workers: number; readonly parameters: ParameterValues }
  /** The manager's own of each backend. */
  readonly counters: (set: string, backend: string) => CounterValues
  readonly operations: Pick<Operations, 'write'>
  readonly clock: Clock
  /** The manager's part in the log. */
  readonly log: Pick<LogWriter, 'event'>
}

/** The probes, put together: they tell of themselves in counters, in the log, and in the operations log. */
export function newHealth({ options, counters, operations, clock, log }: HealthNeeds): Health {
  const { workers, parameters } = options
  const resolver = new Resolver(clock, () => parameters.prefer_ipv6)
  return new Health({
    workers,
    clock,
    dial: { lookup: resolver.lookup, tls_verify: true, tls_ca: undefined },
    counters,
    log: (text) => log.event(TAG.Backend_health, text),
    tell: (level, message) => operations.write(level, message),
  })
}
