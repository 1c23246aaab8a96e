import { writeFileSync } from 'node:fs'
import type { ChildState } from '../admin/program.ts'
import type { PurgeApi } from '../admin/purge-api.ts'
import { SystemClock } from '../base/clock.ts'
import { OperatorError } from '../base/errors.ts'
import { OPEN, type ServeOptions } from '../config/command-line.ts'
import { boundConnections, boundSpareWorker, checkFileLimit, openFilesMax } from '../config/file-limit.ts'
import { memoryLimit } from '../config/memory-limit.ts'
import { version } from '../config/version.ts'
import { workerHeapBytes } from '../config/workers.ts'
import { CounterSet } from '../counters/counters.ts'
import type { Health, MetricsServer } from '../counters/metrics-server.ts'
import { followParameters } from '../log/follow.ts'
import { parseListen, type Endpoint } from '../listen/address.ts'
import { bindEndpoints } from '../listen/bind.ts'
import { boundBacktracking } from '../pattern/regex.ts'
import type { Directors } from './backend-rows.ts'
import { type AdminParts, AdminProgram, beginWith, openAdmin, preloadAdmin } from './admin.ts'
import { tellUnresolved, type BackendHost } from './backend-hosts.ts'
import { Child } from './child.ts'
import type { DemoOrigin } from './demo-origin.ts'
import { LiveParameters } from './live-parameters.ts'
import { Operations } from './operations.ts'
import { Publication } from './publication.ts'
import { Reload } from './reload.ts'
import { Explaining } from './explaining.ts'
import type { RuleSets } from './rule-sets.ts'
import { tellRules, tellStart } from './telling.ts'
import { SpareThread } from './spare-thread.ts'
import { newRuleSets, startRules, type StartRules } from './start-rules.ts'
import { newSupplies, type WorkerSupplies } from './supplies.ts'
import { Workers } from './workers.ts'

/**
 * `lacquer serve`: runs until SIGTERM or SIGINT and resolves with the exit code. The workers' threads come first: they load their
 * code while this one loads the compiler and compiles the rules.
 */
export async function serve(options: ServeOptions): Promise<number> {
  checkWorkingDirectory()
  const { listen, stores } = options
  if (!options.compileOnly) checkFileLimit(openFilesMax(), options.workers, listen.length, stores.length)
  nameProcess()
  // Before any pattern is compiled, in any thread: it holds for the whole process.
  boundBacktracking()
  const operations = new Operations(() => options.parameters.operations_level)
  const heap_bytes = workerHeapBytes(options.parameters.worker_heap, options.workers, memoryLimit())
  const spare = new SpareThread(options, heap_bytes, operations)
  const workers = new Workers(options.workers, heap_bytes, operations, spare)
  if (!options.compileOnly) workers.preload()
  try {
    return await serveWith(options, workers, operations)
  } catch (error) {
    await workers.discard()
    throw error
  }
}

/** What ps, top and pkill know it by. Its command line stays as it is, which process.title would write over. */
function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', 'lacquer')
  } catch {
    // It is node to them.
  }
}

/** Threads cannot be started without one. */
function checkWorkingDirectory(): void {
  try {
    process.cwd()
  } catch (error) {
    throw new OperatorError('the working directory does not exist any more: start from another', { cause: error })
  }
}

async function serveWith(options: ServeOptions, workers: Workers, operations: Operations): Promise<number> {
  const bare = options.backend === undefined && options.vclFile === undefined
  const demo = bare && !options.admin.onInput ? await demoOrigin() : undefined
  try {
    const started = await startRules(options, demo)
    if (options.compileOnly) {
      for (const { rules } of started) process.stdout.write(rules.image.js)
      return 0
    }
    for (const { rules } of started) if (rules.warnings !== '') process.stderr.write(`${rules.warnings}\n`)
    return await new Manager(options, started, demo, operations).run(workers)
  } finally {
    await demo?.close()
  }
}

async function demoOrigin(): Promise<DemoOrigin> {
  const { startDemoOrigin } = await import('./demo-origin.ts')
  return startDemoOrigin()
}

/** The main thread: it serves no traffic. */
class Manager {
  private readonly options: ServeOptions
  private readonly started: readonly StartRules[]
  private readonly clock = new SystemClock()
  private readonly demo: DemoOrigin | undefined
  private readonly operations: Operations
  private readonly counters = new CounterSet()
  private readonly publication: Publication
  private health: Health = 'starting'
  private vitals: readonly Float64Array[] = []
  /** While it is being started. */
  private starting: WorkerSupplies | undefined

  constructor(options: ServeOptions, started: readonly StartRules[], demo: DemoOrigin | undefined, operations: Operations) {
    this.operations = operations
    this.options = options
    this.started = started
    this.demo = demo
    this.publication = new Publication(this.counters, this.clock, operations)
  }

  async run(workers: Workers): Promise<number> {
    const ended = Promise.withResolvers<string>()
    const stop = Promise.race([stopSignal(this.operations), ended.promise])
    const hangups = new Hangups()
    const endpoints = await bindEndpoints(parseListen(this.options.listen))
    const metrics = await this.openMetrics(workers)
    const lowered = this.boundByFiles()
    const { publication } = this
    try {
      publication.begin(this.options)
      const [rules, log_memory] = await Promise.all([this.ruleSets(workers), publication.logMemory(this.options)])
      const supplies = newSupplies(this.options, rules, this.counters, this.operations, log_memory)
      this.starting = supplies
      this.vitals = supplies.vitals
      const parts = this.adminParts(workers, rules, supplies)
      const program = new AdminProgram(parts)
      await beginWith(program, this.options.admin.script)
      parts.parameters.settle()
      supplies.health.begin()
      parts.child.endpoints = endpoints
      preloadAdmin()
      if (this.options.admin.onInput) this.health = 'stopped'
      else await parts.child.begin()
      supplies.upkeep.begin()
      const admin = await openAdmin(program, parts, () => ended.resolve('standard input has ended'))
      this.starting = undefined
      for (const line of supplies.describe()) this.say(`lacquer: ${line}\n`)
      if (parts.child.state === 'running') this.announceStart(rules, parts, metrics)
      publication.warmLog()
      for (const remark of [...supplies.remarks(), ...publication.remarks, ...lowered]) this.operations.write('warn', remark)
      for (const { hosts } of this.started.map((one) => one.rules)) this.tellUnresolved(hosts)
      const reload = this.reloadOf(rules)
      hangups.hear(() => void reload.request())
      const tending = setInterval(() => void rules.tend().catch(() => {}), TEND_MS).unref()
      this.operations.write('info', `stopping: ${await stop}`)
      clearInterval(tending)
      supplies.cli_log.end()
      admin?.close()
      await this.shutDown(workers)
      for (const line of await supplies.close()) this.operations.write('error', line)
      this.operations.write('info', 'stopped')
      return 0
    } catch (error) {
      await this.startFailed(workers)
      throw error
    } finally {
      publication.close()
      await metrics?.close()
    }
  }

  private boundByFiles(): string[] {
    const { parameters, workers, listen, stores } = this.options
    const files_max = openFilesMax()
    const connections = boundConnections(parameters, workers, files_max)
    const spare = boundSpareWorker(parameters, files_max, workers, listen.length, stores.length)
    return [connections, spare].filter((line) => line !== undefined)
  }

  /** What is in files was not left by a crash, and the next start should not say so. */
  private async startFailed(workers: Workers): Promise<void> {
    if (this.starting === undefined) return
    await workers.discard()
    await this.starting.close()
  }

  private async ruleSets(workers: Workers): Promise<RuleSets> {
    const rules = await newRuleSets(this.options, this.started, workers, this.counters, this.clock, this.operations)
    rules.listeners.push({ loaded: (set) => this.tellUnresolved(set.rules.hosts) }, tellRules(this.operations))
    return rules
  }

  private adminParts(workers: Workers, rules: RuleSets, supplies: WorkerSupplies): AdminParts {
    const { options, operations, clock } = this
    const parameters = new LiveParameters({
      running: options.parameters,
      workers: options.workers,
      tell: (changed) => {
        followParameters(supplies.log, changed, options.parameters)
        return workers.tellParameters(changed)
      },
      warn: (line) => operations.write('warn', line),
      protect: options.admin.protected,
      lenient: options.lenient,
    })
    const child = new Child({
      workers,
      supplies,
      shutdown_timeout_s: () => options.parameters.shutdown_timeout,
      onStart: () => parameters.settle(),
      publication: this.publication,
      onState: (state) => (this.health = HEALTH[state]),
    })
    const explaining = new Explaining(rules, workers, options)
    const directors = async (): Promise<Directors> => {
      const sets = rules.sets()
      const listed = await workers.directors(sets.map(({ id }) => id))
      return new Map(listed.map((found, i) => [sets[i].name, found]))
    }
    const say = (text: string): void => this.say(text)
    return { options, rules, parameters, child, supplies, directors, explaining, clock, operations, publication: this.publication, say }
  }

  private reloadOf(rules: RuleSets): Reload {
    const { vclFile, parameters } = this.options
    const tell: Operations['write'] = (level, message) => this.operations.write(level, message)
    return new Reload({ rules, path: vclFile, parameters, clock: this.clock, tell })
  }

  private tellUnresolved(hosts: readonly BackendHost[]): void {
    void tellUnresolved(hosts, (line) => this.operations.write('warn', line))
  }

  private async openMetrics(workers: Workers): Promise<MetricsServer | undefined> {
    const at = this.options.metrics
    if (at === undefined) return undefined
    const { startMetricsServer } = await import('../counters/metrics-server.ts')
    const purges = await this.purgeApi(workers)
    return startMetricsServer(at.host, at.port, {
      others: purges?.handle,
      health: () => this.health,
      metrics: async () => {
        this.publication.show()
        return this.exposition(workers)
      },
    })
  }

  private async purgeApi(workers: Workers): Promise<PurgeApi | undefined> {
    const { purgeApi } = this.options
    if (purgeApi === undefined) return undefined
    const [{ PurgeApi: Api }, { Guard, readToken }] = await Promise.all([import('../admin/purge-api.ts'), import('../admin/guard.ts')])
    return new Api({
      guard: new Guard(purgeApi === OPEN ? undefined : readToken(purgeApi), new SystemClock()),
      purge: (asked) => workers.purge(asked),
      tell: (level, message) => this.operations.write(level, message),
    })
  }

  private exposed: Promise<{ contentType: string; metricsText(): Promise<string> }> | undefined

  private async exposition(workers: Workers): Promise<{ contentType: string; text: string }> {
    this.exposed ??= import('../counters/prometheus.ts').then(
      ({ PrometheusText }) =>
        new PrometheusText(
          this.counters,
          version(),
          () => workers.running,
          () => this.vitals,
        ),
    )
    const exposed = await this.exposed
    return { contentType: exposed.contentType, text: await exposed.metricsText() }
  }

  /** With -d answers of the admin protocol go to standard output, and nothing else. */
  private say(text: string): void {
    const out = this.options.admin.onInput ? process.stderr : process.stdout
    out.write(text)
  }

  private announceStart(rules: RuleSets, { child: { endpoints }, supplies }: AdminParts, metrics: MetricsServer | undefined): void {
    const { options } = this
    this.announce(endpoints, metrics, rules.active.name === 'boot')
    tellStart(this.operations, { options, endpoints, rules, stores: supplies.describe(), directory: this.publication.path })
  }

  /** The one line that scripts wait for, and for the demo what to try. */
  private announce(endpoints: readonly Endpoint[], metrics: MetricsServer | undefined, as_started: boolean): void {
    const { demo } = this
    const where = endpoints.map((endpoint) => endpoint.text).join(', ')
    const scrape =
      metrics === undefined
        ? ''
        : `, metrics on http://${metrics.host.includes(':') ? `[${metrics.host}]` : metrics.host}:${metrics.port}/metrics`
    const took = `${Math.round(performance.now())} ms`
    this.say(`lacquer: ready on ${where}${scrape} (${took})\n`)
    // Commands of -I may have put other rules in its place.
    if (demo === undefined || !as_started) return
    const base = `http://${reachable(endpoints)}`
    const pages = demo.pages.map(({ path, what }) => `  curl -i ${base}${path}\n      ${what}\n`).join('')
    this.say(`No backend was given (-b or -f): serving the demo site. Ask for a page twice and watch Age and Cache-Status:\n${pages}`)
  }

  private async shutDown(workers: Workers): Promise<void> {
    this.health = 'draining'
    const cut = await workers.drain(this.options.parameters.shutdown_timeout * 1000)
    if (cut > 0) this.operations.write('warn', `${cut} connections were cut: their requests took longer than shutdown_timeout`)
  }
}

/** An address of ours that curl on this machine can use. */
function reachable(endpoints: readonly Endpoint[]): string {
  const tcp = endpoints.find((endpoint) => endpoint.path === undefined)
  if (tcp === undefined) return 'localhost'
  return tcp.text.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost')
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
/** What reopens elsewhere must not end a running cache; nor may SIGUSR1 open Node's inspector. */
const IGNORED_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const

/** How often it is looked which rules have not been used for long. */
const TEND_MS = 5000

const HEALTH: Readonly<Record<ChildState, Health>> = { running: 'ready', starting: 'starting', stopping: 'draining', stopped: 'stopped' }

/** SIGHUP, from the first moment on: one that comes before the workers serve is heard when they do. */
class Hangups {
  private early = false
  private act: (() => void) | undefined

  constructor() {
    process.on('SIGHUP', () => {
      if (this.act === undefined) this.early = true
      else this.act()
    })
  }

  hear(act: () => void): void {
    this.act = act
    if (this.early) act()
  }
}

/** The first of them ends in good order; another one, of whatever name, ends at once. */
function stopSignal(operations: Operations): Promise<string> {
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => operations.write('warn', `${signal} is ignored`))
  return new Promise((resolve) => {
    const stop = (name: string): void => {
      for (const signal of STOP_SIGNALS) process.removeListener(signal, stop)
      resolve(name)
    }
    for (const signal of STOP_SIGNALS) process.on(signal, stop)
  })
}
