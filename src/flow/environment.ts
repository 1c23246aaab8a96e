import type { Clock } from '../base/clock.ts'
import type { FairTurns } from '../base/fair-turns.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { LogWriter } from '../log/writer.ts'
import type { Policy } from '../policy/policy.ts'
import type { TagField } from '../policy/tags.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import type { Store } from '../store/contract.ts'
import type { Bans } from '../cache/bans/bans.ts'
import type { Cache } from '../cache/cache.ts'
import type { TagPurges } from '../cache/tag-purges.ts'
import type { Origin } from '../origin/contract.ts'
import type { BodyRoom } from './kept-body.ts'
import type { CacheStatus } from './cache-status.ts'
import type { Outcomes } from './outcomes.ts'
import type { Recoder } from './recoding/recoder.ts'
import type { RuleErrors } from './rule-errors.ts'
import type { Storages } from './storages.ts'

/** Lines for people, not for the request log: pino's shape. */
export interface OperationsLog {
  warn(message: string): void
  error(message: string): void
}

/** What every request of a worker works with. `vcl` is replaced by a reload; a request keeps the one it began with. */
export interface Environment {
  vcl: LoadedVcl
  /** What `vcl` has made of requests. */
  readonly outcomes: Outcomes
  /** What return (vcl(..)) leads to. */
  readonly labels: ReadonlyMap<string, LoadedVcl>
  readonly cache: Cache
  readonly purges: TagPurges
  /** Fields of responses that name tags. */
  readonly tag_fields: readonly TagField[]
  readonly bans: Bans
  readonly store: Store
  readonly storages: Storages
  /** For request bodies that are kept. */
  readonly bodies: BodyRoom
  /** Makes copies of popular bodies in other codings. */
  readonly recoder: Recoder
  readonly origin: Origin
  readonly policy: Policy
  readonly cacheStatus: CacheStatus
  readonly params: ParameterValues
  readonly clock: Clock
  /** Of bodies that clients take as fast as they are given, and of connections with many requests at hand. */
  readonly turns: FairTurns
  /** MAIN counters of this worker: `counters[MAIN.x]++`. */
  readonly counters: Float64Array
  /** Where this worker measures (counters/vitals.ts). */
  readonly vitals: Float64Array
  readonly log: LogWriter
  readonly operations: OperationsLog
  readonly ruleErrors: RuleErrors
  readonly hostname: string
  /** -i: server.identity. */
  readonly identity: string
}
