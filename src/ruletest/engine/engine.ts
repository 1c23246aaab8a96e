import { FairTurns } from '../../base/fair-turns.ts'
import { Bans } from '../../cache/bans/bans.ts'
import { Cache } from '../../cache/cache.ts'
import { NoClaims } from '../../cache/claims.ts'
import { Invalidations } from '../../cache/invalidations.ts'
import { TagPurges } from '../../cache/tag-purges.ts'
import type { ParameterValues } from '../../config/parameters.ts'
import { TRANSIENT } from '../../config/storage.ts'
import { parseTagFields } from '../../config/tag-fields.ts'
import { CounterBlock } from '../../counters/counters.ts'
import { newVitals } from '../../counters/vitals.ts'
import { CacheStatus } from '../../flow/cache-status.ts'
import type { Environment } from '../../flow/environment.ts'
import { Flow } from '../../flow/flow.ts'
import { BodyRoom } from '../../flow/kept-body.ts'
import { Recoder } from '../../flow/recoding/recoder.ts'
import { Outcomes } from '../../flow/outcomes.ts'
import { RuleErrors } from '../../flow/rule-errors.ts'
import { Storages } from '../../flow/storages.ts'
import { type LogRecord, readRing } from '../../log/reader.ts'
import { parseMask } from '../../log/tags.ts'
import { ownRing } from '../../log/ring-writer.ts'
import { LogWriter } from '../../log/writer.ts'
import { directorFactory } from '../../origin/directors/create.ts'
import { policyFor } from '../../policy/policy.ts'
import { Ledger } from '../../shm/ledger.ts'
import { Serials } from '../../shm/serial.ts'
import { SharedTexts } from '../../shm/shared-texts.ts'
import { TokenBuckets } from '../../shm/token-buckets.ts'
import { createHeapStore } from '../../store/heap/store.ts'
import { instantiateVcl, type VclImage } from '../../vcl/instantiate.ts'
import type { LoadedVcl, VclHost } from '../../vcl/runtime/context.ts'
import type { TracePoint } from '../../vcl/runtime/trace.ts'
import { backendSpec } from '../../origin/spec.ts'
import { policyParameters } from '../../worker/worker.ts'
import { Calendar } from './calendar.ts'
import { FakeOrigin } from './origin.ts'
import { Recorder } from './recorder.ts'

const STORE_BYTES = 64 * 2 ** 20
const LEDGER_HALF_BYTES = 64 * 1024
/** Of log records: so many for each request, its fetches and restarts included. */
const REQUEST_BYTES = 16 * 1024
const RING_BYTES_MIN = 512 * 1024
const KEYS_MAX = 1000
const IDENTITY = 'test'

/**
 * What serves traffic in a worker, put together for one test: the same flow, cache, policy and rules over the heap store, with a
 * clock that only the test moves, and origins that it makes up.
 */
export class Engine {
  readonly env: Environment
  readonly flow: Flow
  readonly calendar = new Calendar()
  readonly origin = new FakeOrigin(this.calendar)
  readonly recorder = new Recorder()
  /** What events of the recorder are about. */
  readonly points: TracePoint[] = []
  /** What would have gone to the operations log. */
  readonly complaints: string[] = []
  /** Mistakes of ours, not of the rules: the flow ends a request by them. */
  get mistakes(): string[] {
    return this.complaints.filter((line) => line.startsWith('request '))
  }
  private readonly ring: ArrayBuffer
  private readonly log: LogWriter
  private known: LogRecord[] = []
  private known_records = -1

  /** `requests`: how many there will be. `labels`: other rules, by name. Throws when vcl_init fails. */
  constructor(image: VclImage, params: ParameterValues, requests: number, labels: ReadonlyMap<string, VclImage> = NONE) {
    this.ring = new ArrayBuffer(Math.max(RING_BYTES_MIN, requests * REQUEST_BYTES))
    this.log = newLog(this.ring, params)
    this.env = this.assemble(image, params, labels)
    this.flow = new Flow(this.env)
  }

  /** How many records have been written. */
  get written(): number {
    return this.log.tally[0]
  }

  /** All of them. */
  get records(): readonly LogRecord[] {
    const { written } = this
    if (written !== this.known_records) this.known = [...readRing(this.ring)]
    this.known_records = written
    return this.known
  }

  /** Housekeeping, as a worker does it now and then. */
  keepUp(): void {
    this.env.cache.sweep()
  }

  close(): void {
    for (const vcl of [this.env.vcl, ...this.env.labels.values()]) vcl.fini()
  }

  private assemble(image: VclImage, params: ParameterValues, labels: ReadonlyMap<string, VclImage>): Environment {
    const { clock } = this.calendar
    const serials = new Serials()
    const store = newStore('s0', params)
    const purges = new TagPurges(store, serials)
    const bans = new Bans(new Ledger(Ledger.memory(LEDGER_HALF_BYTES), serials), clock, UNOBSERVED, params.ban_dups)
    bans.prepare()
    const policy = policyFor(params.policy, policyParameters(params))
    const shared = { store, claims: new NoClaims(), invalidations: new Invalidations(serials, [purges, bans]) }
    const operations = { warn: (line: string) => void this.complaints.push(line), error: (line: string) => void this.complaints.push(line) }
    const host = this.host(params, bans)
    const vcl = this.load('boot', image, host)
    const others = Array.from(labels, ([name, other]) => [name, this.load(name, other, host)] as const)
    const cache = new Cache(shared, policy, clock, limitsOf(params), { gaveUp: () => {} })
    const counters = new CounterBlock('MAIN').values
    return {
      vcl,
      cache,
      recoder: new Recoder({ cache, params, clock, counters, log: this.log }),
      purges,
      tag_fields: parseTagFields(params.tag_fields) ?? [],
      bans,
      bodies: new BodyRoom(params.cached_bodies_max),
      outcomes: new Outcomes(),
      labels: new Map(others),
      store,
      storages: new Storages([store], newStore(TRANSIENT, params)),
      origin: this.origin,
      policy,
      cacheStatus: new CacheStatus(params),
      params,
      clock,
      turns: new FairTurns(),
      counters,
      vitals: new Float64Array(newVitals()),
      log: this.log,
      operations,
      ruleErrors: new RuleErrors(clock, operations),
      hostname: IDENTITY,
      identity: IDENTITY,
    }
  }

  private load(name: string, image: VclImage, host: VclHost): LoadedVcl {
    const trace = this.recorder.sink(this.points.length)
    this.points.push(...(image.trace ?? []))
    return this.recorder.watch(instantiateVcl(image, { ...host, directors: directorFactory(), trace }, name))
  }

  private host(params: ParameterValues, bans: Bans): VclHost {
    return {
      backend: (declaration) => this.origin.add(backendSpec(declaration)),
      directors: directorFactory(),
      buckets: new TokenBuckets(TokenBuckets.memory(), 0),
      globals: new SharedTexts(SharedTexts.memory(), 0),
      vcl_path: params.vcl_path.split(':'),
      hostname: IDENTITY,
      identity: IDENTITY,
      ban: (expression) => bans.add(expression),
      param: (name) => params[name as keyof ParameterValues],
    }
  }
}

const NONE: ReadonlyMap<string, VclImage> = new Map()
const UNOBSERVED = { added: () => {}, tested: () => {} }

function newStore(name: string, params: ParameterValues) {
  return createHeapStore({ name, capacity_bytes: STORE_BYTES, transit_buffer_bytes: params.transit_buffer })
}

function newLog(ring: ArrayBuffer, params: ParameterValues): LogWriter {
  return new LogWriter(ownRing(ring, 2), { reclen_bytes: params.vsl_reclen, buffer_bytes: params.vsl_buffer, mask: parseMask('default') })
}

function limitsOf(params: ParameterValues) {
  const { busy_waiters_max, busy_wait_timeout } = params
  return { busy_waiters_max, busy_wait_timeout_ms: busy_wait_timeout > 0 ? busy_wait_timeout * 1000 : Infinity, keys_max: KEYS_MAX }
}
