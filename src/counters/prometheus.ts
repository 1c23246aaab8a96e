import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { CounterSet } from './counters.ts'
import { prometheusLabels, prometheusName, prometheusValues } from './prometheus-names.ts'
import type { CounterClass, CounterRow } from './table.ts'
import { COUNTER_CLASSES, counterRows } from './table.ts'
import { ThreadMetrics, type ThreadView } from './thread-metrics.ts'
import { registerVitals } from './vital-metrics.ts'

/**
 * The counters in Prometheus text. Values are added up when somebody scrapes; nothing runs in between. Loading
 * prom-client takes tens of milliseconds, so the manager imports this file on the first scrape.
 */

/** prom-client's ten would wake an idle process a hundred times a second. */
const LOOP_SAMPLE_MS = 1000

type Sums = Map<string, Float64Array>

export class PrometheusText {
  readonly contentType: string
  private readonly registry = new Registry()
  private readonly set: CounterSet
  private sums: Record<CounterClass, Sums> = {
    MAIN: new Map(),
    MGT: new Map(),
    SMA: new Map(),
    SMF: new Map(),
    ARENA: new Map(),
    VBE: new Map(),
  }

  private readonly threads: ThreadMetrics

  /** `threads` and `vitals`: of each worker, by number. */
  constructor(
    set: CounterSet,
    version: string,
    threads: () => readonly (ThreadView | undefined)[] = () => [],
    vitals: () => readonly Float64Array[] = () => [],
  ) {
    this.set = set
    this.contentType = this.registry.contentType
    for (const kind of Object.keys(COUNTER_CLASSES) as CounterClass[]) {
      counterRows(kind).forEach(([name, row], i) => this.register(kind, name, row, i))
    }
    const build = { name: 'lacquer_build_info', help: 'Version in use', labelNames: ['version', 'node'], registers: [this.registry] }
    new Gauge(build).set({ version, node: process.versions.node }, 1)
    // process_* are the whole process's; nodejs_* are this thread's, the manager's, which serves no traffic.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS })
    // Of no interest, and no number before a second has passed.
    for (const { name } of this.registry.getMetricsAsArray())
      if (name.startsWith('nodejs_eventloop_lag')) this.registry.removeSingleMetric(name)
    this.threads = new ThreadMetrics(this.registry, threads)
    registerVitals(this.registry, vitals)
  }

  async metricsText(): Promise<string> {
    for (const kind of Object.keys(COUNTER_CLASSES) as CounterClass[]) {
      this.sums[kind] = new Map(this.set.instances(kind).map((instance) => [instance, this.set.sum(kind, instance)]))
    }
    await this.threads.refresh()
    return await this.registry.metrics()
  }

  private register(kind: CounterClass, name: string, row: CounterRow, i: number): void {
    const current = (): Sums => this.sums[kind]
    const common = {
      name: prometheusName(kind, name, row),
      help: row.about,
      labelNames: [...prometheusLabels(kind)],
      registers: [this.registry],
    }
    if (row.type === 'counter' && row.format !== 'duration') {
      const counter: Counter = new Counter({ ...common, collect: () => publish(counter, (labels, value) => counter.inc(labels, value)) })
    } else {
      const gauge: Gauge = new Gauge({ ...common, collect: () => publish(gauge, (labels, value) => gauge.set(labels, value)) })
    }

    function publish(metric: { reset(): void }, put: (labels: Record<string, string>, value: number) => void): void {
      metric.reset()
      for (const [instance, values] of current()) put(prometheusValues(kind, instance), values[i])
    }
  }
}
