import { getHeapStatistics } from 'node:v8'
import { SystemClock, type Clock } from '../base/clock.ts'
import { FairTurns } from '../base/fair-turns.ts'
import { Cache } from '../cache/cache.ts'
import { writesEachRecord } from '../config/features.ts'
import { parseFieldNames } from '../config/field-names.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { parseTagFields } from '../config/tag-fields.ts'
import { CounterBlock, MAIN, type CounterHandle } from '../counters/counters.ts'
import type { CounterClass } from '../counters/table.ts'
import { CacheStatus } from '../flow/cache-status.ts'
import type { Environment, OperationsLog } from '../flow/environment.ts'
import { Explainer } from '../explain/explainer.ts'
import { BodyRoom } from '../flow/kept-body.ts'
import { Flow } from '../flow/flow.ts'
import { Outcomes } from '../flow/outcomes.ts'
import { Recoder } from '../flow/recoding/recoder.ts'
import { RuleErrors } from '../flow/rule-errors.ts'
import { Storages } from '../flow/storages.ts'
import type { Endpoint } from '../listen/address.ts'
import { Http1Context } from '../listen/http1-context.ts'
import { Listener } from '../listen/listener.ts'
import { chooseReadPath } from '../listen/read-path.ts'
import { type RingPlace, takeSeat } from '../log/place.ts'
import { maskOf } from '../log/tags.ts'
import { LogWriter } from '../log/writer.ts'
import { createOrigin, type Origins } from '../origin/create.ts'
import { policyFor } from '../policy/policy.ts'
import { limitMatching } from '../pattern/regex.ts'
import { SendRing } from '../shm/send-ring.ts'
import type { HealthWatch, WorkerConfig } from './config.ts'
import { banObserver, cacheObserver, SessionObserver } from './observers.ts'
import { cacheLimits, type Following } from './live-parameters.ts'
import { WorkerRules } from './rule-sets.ts'
import { Measuring } from './measuring.ts'
import { Rules } from './rules.ts'
import { ExpKillLog } from './exp-kill.ts'
import { SharedStore } from './shared-store.ts'
import { StoreReport, TransientReport } from './store-report.ts'

/** How often housekeeping runs: expiry, waiters' patience, gauges. */
const UPKEEP_MS = 500
/** Keys a worker remembers at most, each with the handles of its objects: about 2 KiB. Others are found in the store, 1 us later. */
const KEYS_MAX = 50_000
/** With heads of many fields or tags it is fifty times as much. Above this share of the heap half of the keys are forgotten, each time that is looked at. */
const HEAP_SHARE = 0.5

/** Whom a worker tells. */
export interface Outside extends OperationsLog {
  readonly watch?: (watch: HealthWatch) => void
}

/** A worker put together: everything that serves traffic in one thread. */
export class Worker {
  readonly env: Environment
  readonly listener: Listener
  /** What it listens on. */
  readonly endpoints: readonly Endpoint[]
  readonly context: Http1Context
  readonly ring: RingPlace
  readonly rules: WorkerRules
  readonly following: Following
  readonly explainer: Explainer
  private readonly origin: Origins
  private readonly main: CounterBlock
  private readonly report: StoreReport | undefined
  private readonly transient: TransientReport
  /** Until it is broken and the operator has been told. */
  private sends: SendRing | undefined
  private readonly shared: SharedStore
  private readonly measuring: Measuring
  private readonly upkeep: NodeJS.Timeout
  private ended = false
  /** When housekeeping is to run next. */
  private due_ms: number

  private constructor(parts: WorkerParts, listener: Listener, endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints
    this.env = parts.env
    this.context = parts.context
    this.ring = parts.ring
    this.rules = parts.rules
    this.following = parts.following
    this.explainer = explainerFor(parts, endpoints)
    this.origin = parts.origin
    this.main = parts.main
    this.report = parts.report
    this.transient = parts.transient
    this.sends = parts.sends
    this.listener = listener
    this.shared = parts.shared
    this.measuring = new Measuring(parts.env.vitals)
    this.due_ms = performance.now() + UPKEEP_MS
    this.upkeep = setInterval(() => this.onTimer(), UPKEEP_MS)
    this.upkeep.unref()
  }

  /** Serves when it resolves. `clock` and `operations` are for tests and for the thread's entry. */
  static async start(config: WorkerConfig, operations: Outside, clock: Clock = new SystemClock()): Promise<Worker> {
    const parts = assemble(config, operations, clock)
    const listener = new Listener(parts.context, await chooseReadPath(config.parameters.read_path))
    const endpoints = await listener.listen(config.endpoints, config.workers > 1, config.bound)
    return new Worker(parts, listener, endpoints)
  }

  private onTimer(): void {
    const now_ms = performance.now()
    const late_ms = Math.max(0, now_ms - this.due_ms)
    this.main.values[MAIN.loop_lag] = late_ms / 1000
    this.measuring.late(late_ms)
    this.due_ms = now_ms + UPKEEP_MS
    // Behind what clients and origins have sent while this thread stood still: timers come before that.
    setImmediate(this.endTurn)
  }

  private readonly endTurn = (): void => {
    if (!this.ended) this.keepUp()
  }

  /** Housekeeping; tests with a clock of their own call it after moving the clock. */
  keepUp(): void {
    const { env } = this
    env.clock.refresh()
    env.cache.sweep()
    if (isTight()) env.cache.forgetHalf()
    this.context.sweep.sweep()
    this.origin.sweep()
    this.transient.update()
    this.main.values[MAIN.n_objecthead] = env.cache.keys
    this.report?.update()
    if (this.sends?.broken !== undefined) this.tellBroken(this.sends.broken)
  }

  private tellBroken(how: string): void {
    this.sends = undefined
    this.env.operations.warn(`io_uring did something unexpected: ${how}; from now on each answer is sent by a system call of its own`)
  }

  /** Finishes what is under way; resolves with the number of connections that had to be cut. */
  async drain(deadline_ms: number): Promise<number> {
    const cut = await this.listener.drain(deadline_ms)
    clearInterval(this.upkeep)
    this.ended = true
    this.measuring.close()
    this.shared.close()
    this.rules.close()
    await this.origin.close()
    return cut
  }
}

function isTight(): boolean {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size > HEAP_SHARE * heap_size_limit
}

function explainerFor({ config, env, rules }: WorkerParts, [first]: readonly Endpoint[]): Explainer {
  const { slot } = config
  const at = { name: first?.name ?? 'a0', host: first?.host ?? '', port: first?.port ?? 0, text: first?.text ?? '' }
  return new Explainer({ worker: slot, env, at, twin: ({ id, image }, sink) => rules.twin(id, image, sink) })
}

interface WorkerParts {
  readonly config: WorkerConfig
  readonly env: Environment
  readonly context: Http1Context
  readonly sends: SendRing | undefined
  readonly ring: RingPlace
  readonly rules: WorkerRules
  readonly following: Following
  readonly origin: Origins
  readonly main: CounterBlock
  readonly report: StoreReport | undefined
  readonly transient: TransientReport
  readonly shared: SharedStore
}

function assemble(config: WorkerConfig, operations: Outside, clock: Clock): WorkerParts {
  const params = config.parameters
  limitMatching(params.pcre2_match_limit, params.pcre2_depth_limit)
  const main = attach(config.counters, 'MAIN')
  const counters = main.values
  const { ring } = config
  const log = openLog(config, counters)
  const policy = policyFor(params.policy, policyParameters(params))
  const shared = new SharedStore(config, clock, operations, banObserver(counters))
  const { store } = shared
  const exp_kill = new ExpKillLog(log, clock)
  for (const one of [store, shared.transient]) one.watch(exp_kill)
  const { store_counters } = config
  const report = store_counters === undefined ? undefined : new StoreReport(shared.arenas, store_counters)
  const transient = new TransientReport(shared.transient, config.transient_bytes, attach(config.counters, 'SMA').values)
  const origin = createOrigin([], { clock, parameters: params })
  shared.onRung = () => origin.rung()
  const limits = cacheLimits(params, KEYS_MAX)
  const cache = new Cache(shared, policy, clock, limits, cacheObserver(counters))
  const rules = new WorkerRules(config.rules, new Rules(config, origin, shared.bans, counters, operations))
  const { hostname, identity } = config
  const env: Environment = {
    vcl: rules.active,
    outcomes: new Outcomes(),
    labels: rules.labels,
    cache,
    purges: shared.purges,
    tag_fields: parseTagFields(params.tag_fields) ?? [],
    bans: shared.bans,
    store,
    storages: new Storages(shared.arenas, shared.transient),
    bodies: new BodyRoom(params.cached_bodies_max),
    origin,
    policy,
    cacheStatus: new CacheStatus(params),
    params,
    clock,
    turns: new FairTurns(),
    counters,
    vitals: new Float64Array(config.vitals),
    log,
    operations,
    ruleErrors: new RuleErrors(clock, operations),
    recoder: new Recoder({ cache, params, clock, counters, log }),
    hostname,
    identity, // prettier-ignore
  }
  const observer = new SessionObserver(counters, log, clock, operations)
  const flow = new Flow(env)
  rules.rule(env)
  rules.onSwitched = () => {
    flow.forgetSpare()
    env.outcomes.forget()
  }
  const sends = config.sends && new SendRing(config.sends)
  const context = new Http1Context({ flow, observer, clock, turns: env.turns, limits: params, nextXid: () => log.nextXid(), ring: sends })
  const following = { env, policy, policyParams: policyParameters, limits, bans: shared.bans, transient: shared.transient }
  return { config, env, context, sends, ring, rules, following, origin, main, report, transient, shared }
}

/** A block of ours: a worker before us may have counted in it. */
function attach(handles: readonly CounterHandle[], kind: CounterClass, instance?: string): CounterBlock {
  const handle = handles.find((candidate) => candidate.kind === kind && (instance === undefined || candidate.instance === instance))
  if (handle === undefined) return new CounterBlock(kind)
  return CounterBlock.attach(handle)
}

function openLog(config: WorkerConfig, counters: Float64Array): LogWriter {
  const params = config.parameters
  const log = new LogWriter(takeSeat(config.ring, config.slot), {
    reclen_bytes: params.vsl_reclen,
    buffer_bytes: params.vsl_buffer,
    mask: maskOf(params.vsl_mask),
    xids: new Int32Array(config.xids),
    tally: counters.subarray(MAIN.shm_records, MAIN.shm_lost + 1),
  })
  log.sync = writesEachRecord(params.debug)
  return log
}

/** What of the parameters is the policy's. */
export function policyParameters(params: ParameterValues): Parameters<typeof policyFor>[1] {
  return {
    default_ttl_ms: params.default_ttl * 1000,
    default_grace_ms: params.default_grace * 1000,
    default_keep_ms: params.default_keep * 1000,
    uncacheable_ttl_ms: params.uncacheable_ttl * 1000,
    clock_skew_ms: params.clock_skew * 1000,
    targets: parseFieldNames(params.cache_control_targets) ?? [],
    consumed: parseFieldNames(params.cache_control_consumed) ?? [],
    range_support: params.http_range_support,
    queries: params.query_body_max > 0,
    searches: params.no_vary_search,
  }
}
