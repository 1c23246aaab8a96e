import type { Clock } from '../base/clock.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { CounterValues } from '../counters/counters.ts'
import { parseMask, TAG } from '../log/tags.ts'
import { LogWriter } from '../log/writer.ts'
import { Resolver } from '../origin/resolve.ts'
import { Health } from '../upkeep/health/health.ts'
import type { Operations } from './operations.ts'

export interface HealthNeeds {
  readonly options: { readonly workers: number; readonly parameters: ParameterValues }
  /** The manager's own of each backend. */
  readonly counters: (set: string, backend: string) => CounterValues
  readonly operations: Pick<Operations, 'write'>
  readonly clock: Clock
  /** The manager's ring of log records. */
  readonly ring: SharedArrayBuffer
}

/** The probes, put together: they tell of themselves in counters, in the manager's ring of log records, and in the operations log. */
export function newHealth({ options, counters, operations, clock, ring }: HealthNeeds): Health {
  const { workers, parameters } = options
  const log = new LogWriter(ring, {
    reclen_bytes: parameters.vsl_reclen,
    buffer_bytes: parameters.vsl_buffer,
    mask: parseMask(parameters.vsl_mask),
  })
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
