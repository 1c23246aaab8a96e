import { type Clock, ManualClock } from '../../src/base/clock.ts'
import { tracesRules } from '../../src/config/log-mask.ts'
import { defaultParameters, type ParameterValues } from '../../src/config/parameters.ts'
import { setParameter } from '../../src/config/parameter-values.ts'
import { parseStores } from '../../src/config/storage.ts'
import { backendInstance } from '../../src/counters/backend-instance.ts'
import { CounterBlock, CounterSet, type CounterValues } from '../../src/counters/counters.ts'
import { type HistogramView, viewHistogram } from '../../src/counters/histogram.ts'
import { firstByteOf, newVitals, RESULT, RESULTS, totalOf } from '../../src/counters/vitals.ts'
import type { Explanation } from '../../src/explain/contract.ts'
import { readAsked } from '../../src/explain/request.ts'
import { parseListen } from '../../src/listen/address.ts'
import { bindEndpoints } from '../../src/listen/bind.ts'
import { memoryOf } from '../../src/log/place.ts'
import { readRing } from '../../src/log/reader.ts'
import type { RingMemory } from '../../src/log/ring.ts'
import { newHealth } from '../../src/manager/health.ts'
import { newLogRing, newManagerLog } from '../../src/manager/log.ts'
import { Shared } from '../../src/manager/shared.ts'
import { newStoreBlocks } from '../../src/manager/supplies.ts'
import type { Health } from '../../src/upkeep/health/health.ts'
import type { Upkeep } from '../../src/upkeep/upkeep.ts'
import { type CompiledVcl, compileVcl } from '../../src/vcl/load.ts'
import type { BackendDeclaration } from '../../src/vcl/runtime/context.ts'
import type { HealthWatch, WorkerConfig } from '../../src/worker/config.ts'
import { Worker } from '../../src/worker/worker.ts'
import type { TestOrigin } from './origin.ts'
import { departures, watchSteps } from './steps.ts'
import { newTestRing } from './send-rings.ts'

/** A running instance in this process, on a free port, with a clock that only tests move. */
export interface TestCache {
  readonly port: number
  /** When it listens on a unix socket. */
  readonly path: string | undefined
  /** Counters by name, up to date: those of MAIN as "client_req", the others as "VBE.boot.default.req". */
  counters(): Record<string, number>
  /** Requests whose answers were measured, by result. */
  measured(): Record<string, Measured>
  /** What the admin command of that name would tell of this request. */
  explain(...words: readonly string[]): Promise<Explanation>
  /** Moves the injected clock and runs what is due: expiry, sweeps, timeouts. */
  advance(ms: number): void
  /** Of the manager: each step when a test says so. */
  readonly upkeep: Upkeep
  /** Of the manager: probes begin when a test calls `step`. */
  readonly health: Health
  /** Its log records. */
  events(): string[]
  /** Records of the log so far, oldest first. */
  log(): { tag: string; xid: number; text: string }[]
  /** What the log lies in: for `expectLog`. */
  ring(): RingMemory
  /** The rule sets, as the manager has them at hand. */
  readonly rules: Worker['rules']
  /** What went to the operations log. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export interface TestCacheOptions {
  /** The backend `default`. */
  origin?: TestOrigin
  /** Further backends, named by key. */
  origins?: Record<string, TestOrigin>
  /** Rules without the version line and backends, which are added in front; a text that starts with "vcl" is taken as it is. */
  vcl?: string
  /** As for -p, besides TEST_PARAMS. */
  params?: Record<string, string>
  /** -a, default 127.0.0.1:0. */
  listen?: string
  /** -s memory, default 16 MiB. */
  store_bytes?: number
  /** -s for each, in place of it. */
  stores?: readonly string[]
}

/** Rules as the cache gets them: the test's text behind a version line and one backend per origin. */
export function rulesFor(options: TestCacheOptions): string {
  const text = options.vcl ?? ''
  if (/^\s*vcl\s/.test(text)) return text
  const backends = { ...(options.origin === undefined ? {} : { default: options.origin }), ...options.origins }
  const declarations = Object.entries(backends).map(
    ([name, origin]) => `backend ${name} { .host = "127.0.0.1"; .port = "${origin.port}"; }`,
  )
  return ['vcl 4.1;', ...(declarations.length > 0 ? declarations : ['backend default none;']), text, ''].join('\n')
}

/** Where the injected clock begins: Thu, 01 Jan 2026 00:00:00 GMT. */
export const BEGIN_MS = Date.UTC(2026, 0, 1)

/** A date so many seconds after the beginning, as a field value. */
export function httpDate(seconds: number): string {
  return new Date(BEGIN_MS + seconds * 1000).toUTCString()
}

/** Tests move the clock by hours: idle connections are to survive that unless the test is about them. */
export const TEST_PARAMS: Readonly<Record<string, string>> = { timeout_idle: '3600', backend_idle_timeout: '3600' }

/** Starts a cache in front of an origin, or as the options say. */
export function startCache(originOrOptions: TestOrigin | TestCacheOptions): Promise<TestCache> {
  const options = 'seen' in originOrOptions ? { origin: originOrOptions } : originOrOptions
  return start(rulesFor(options), { ...options, params: { ...TEST_PARAMS, ...options.params } })
}

/** As the manager would, with these parameters. */
function compiled(source: string, { policy, vsl_mask }: ParameterValues): CompiledVcl {
  const rules = compileVcl(source, { path: 'test.vcl', policy, vcl_path: [], trace: tracesRules(vsl_mask) })
  if (!rules.ok) throw new Error(rules.text)
  return rules.program
}

/** One worker in this thread, with a clock of its own that stands still until `advance`. */
async function start(source: string, options: TestCacheOptions): Promise<TestCache> {
  const parameters = defaultParameters()
  for (const [name, value] of Object.entries(options.params ?? {})) setParameter(parameters, `${name}=${value}`)
  const program = compiled(source, parameters)
  const endpoints = await bindEndpoints(parseListen([options.listen ?? '127.0.0.1:0']))
  const blocks = [new CounterBlock('MAIN'), new CounterBlock('SMA', 'Transient')]
  const backends = program.backends.map(({ name }) => new CounterBlock('VBE', backendInstance('boot', name)).handle)
  const clock = new ManualClock()
  const store_bytes = options.store_bytes ?? 16 * 2 ** 20
  const { stores } = parseStores(options.stores ?? [`memory,${store_bytes}`])
  const store_counters = newStoreBlocks(stores)
  const { main, space, arena } = store_counters
  const counters = new CounterSet()
  for (const handle of [...blocks.map((block) => block.handle), ...backends, main, ...space, ...arena]) counters.add(handle)
  const complaints: string[] = []
  const shared = new Shared(stores, clock)
  const own = new CounterBlock('MAIN')
  counters.add(own.handle)
  const upkeep = shared.upkeep(1, clock, parameters, own.values, (line) => void complaints.push(line))
  const { health, events, handle } = watched(program.backends, parameters, counters, clock, complaints)
  const config: WorkerConfig = {
    slot: 0,
    endpoints,
    workers: 1,
    parameters,
    rules: { sets: [{ id: 1, name: 'boot', image: program.image, health: handle, counters: backends }], active: 1, labels: [] },
    stores,
    transient_bytes: store_bytes,
    identity: 'test',
    hostname: 'test.example',
    counters: blocks.map((block) => block.handle),
    vitals: newVitals(),
    store_counters,
    ring: newLogRing(parameters),
    sends: parameters.io_uring ? newTestRing() : undefined,
    xids: new SharedArrayBuffer(4),
    shared: shared.memory,
  }
  const complain = (line: string) => void complaints.push(line)
  const operations = { warn: complain, error: complain, watch: (watch: HealthWatch) => health.heard(0, watch) }
  watchSteps()
  const worker = await Worker.start(config, operations, clock)
  return {
    port: worker.endpoints[0].port,
    path: worker.endpoints[0].path,
    counters: () => {
      worker.keepUp()
      return named(counters)
    },
    measured: () => measured(worker.env.vitals),
    explain: (...words) => explained(worker, source, parameters, words),
    advance: (ms) => {
      clock.advance(ms)
      worker.keepUp()
    },
    log: () => [...readRing(memoryOf(worker.ring.memory))].map(({ name, xid, text }) => ({ tag: name, xid, text })),
    ring: () => memoryOf(worker.ring.memory),
    rules: worker.rules,
    complaints,
    upkeep,
    health,
    events,
    close: async () => {
      health.stop()
      await worker.drain(0)
      if (departures.size > 0) throw new Error(`steps that the table in src/flow/steps.ts does not know: ${[...departures].join(', ')}`)
    },
  }
}

async function explained(worker: Worker, source: string, { policy }: ParameterValues, words: readonly string[]): Promise<Explanation> {
  const compiled = compileVcl(source, { path: 'test.vcl', policy, vcl_path: [], trace: true })
  if (!compiled.ok) throw new Error(compiled.text)
  return worker.explainer.explain({ ...readAsked(words), rules: { id: 1, image: compiled.program.image }, labels: [], patience_ms: 2000 })
}

/** How long answers of one kind took, until the head left and until all had. */
interface Measured {
  readonly first: HistogramView
  readonly total: HistogramView
}

function measured(vitals: Float64Array): Record<string, Measured> {
  const of = (result: (typeof RESULTS)[number]): Measured => ({
    first: viewHistogram([vitals], firstByteOf(RESULT[result])),
    total: viewHistogram([vitals], totalOf(RESULT[result])),
  })
  return Object.fromEntries(RESULTS.map((result) => [result, of(result)]))
}

/** The manager's part in the health of the backends. */
function watched(
  backends: readonly BackendDeclaration[],
  parameters: ParameterValues,
  counters: CounterSet,
  clock: Clock,
  complaints: string[],
) {
  const ring = newLogRing(parameters)
  const log = newManagerLog(ring, parameters, new Float64Array(6))
  const operations = { write: (_level: string, line: string) => void complaints.push(line) }
  const health = newHealth({ options: { workers: 1, parameters }, counters: ownBlocks(counters), operations, clock, log })
  const { handle } = health.add('boot', backends).table
  return { health, handle, events: () => Array.from(readRing(memoryOf(ring.memory)), ({ name, text }) => `${name} ${text}`) }
}

/** What the manager counts of each backend. */
function ownBlocks(counters: CounterSet): (set: string, backend: string) => CounterValues {
  const known = new Map<string, CounterBlock>()
  return (set, backend) => {
    const instance = backendInstance(set, backend)
    const block = known.get(instance) ?? new CounterBlock('VBE', instance)
    if (!known.has(instance)) counters.add(block.handle)
    known.set(instance, block)
    return block.values
  }
}

function named(counters: CounterSet): Record<string, number> {
  return Object.fromEntries(Object.entries(counters.snapshot()).map(([name, value]) => [name.replace(/^MAIN\./, ''), value]))
}
