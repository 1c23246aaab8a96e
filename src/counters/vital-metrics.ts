import { Counter, Histogram, type Registry } from 'prom-client'
import { BOUNDS_S, viewHistogram, type HistogramView } from './histogram.ts'
import { firstByteOf, GC, GC_KINDS, LOOP_LAG, LOOPS, RESULT, RESULTS, totalOf, type Result } from './vitals.ts'

/** What the workers measure, in Prometheus. */
export const VITAL_METRICS = {
  lacquer_first_byte_seconds: {
    type: 'histogram',
    labels: ['result'],
    about: 'Time from the start of a request until the head of its response left, by how it was answered: hit, miss, pass, synth',
  },
  lacquer_request_seconds: {
    type: 'histogram',
    labels: ['result'],
    about: 'Time from the start of a request until its response was sent, by how it was answered: hit, miss, pass, synth',
  },
  lacquer_worker_loop_lag_seconds: {
    type: 'histogram',
    labels: ['worker'],
    about: 'How late the event loop of the worker came to a timer, tried twice a second',
  },
  lacquer_worker_loops_total: { type: 'counter', labels: ['worker'], about: 'Turns of the worker’s event loop' },
  lacquer_worker_gc_total: {
    type: 'counter',
    labels: ['worker', 'kind'],
    about: 'Garbage collections of the worker, by kind: minor, major, incremental, weak',
  },
  lacquer_worker_gc_seconds_total: { type: 'counter', labels: ['worker', 'kind'], about: 'Time that the worker spent in them' },
} as const satisfies Record<string, { type: 'histogram' | 'counter'; labels: readonly string[]; about: string }>

type VitalName = keyof typeof VITAL_METRICS
type Labelled<V> = readonly (readonly [labels: Record<string, string>, value: V])[]

/** A histogram whose buckets are counted elsewhere. */
class CountedHistogram extends Histogram {
  private readonly metric: VitalName
  private readonly views: () => Labelled<HistogramView>

  constructor(name: VitalName, views: () => Labelled<HistogramView>) {
    const { about, labels } = VITAL_METRICS[name]
    super({ name, help: about, labelNames: [...labels], buckets: [...BOUNDS_S], registers: [] })
    this.metric = name
    this.views = views
  }

  override async get(): ReturnType<Histogram['get']> {
    const { about } = VITAL_METRICS[this.metric]
    const values = this.views().flatMap(([labels, view]) => this.lines(labels, view))
    // What prom-client reads of it; its types ask for more.
    return { name: this.metric, help: about, type: 'histogram', aggregator: 'sum', values } as unknown as Awaited<
      ReturnType<Histogram['get']>
    >
  }

  /** What the registry asks for its text. */
  getForPromString(): ReturnType<Histogram['get']> {
    return this.get()
  }

  private lines(labels: Record<string, string>, { cumulative, count, sum_s }: HistogramView) {
    const { metric: name } = this
    const buckets = [...cumulative.map((value, i) => [BOUNDS_S[i], value] as const), ['+Inf', count] as const]
    return [
      ...buckets.map(([le, value]) => ({ metricName: `${name}_bucket`, labels: { ...labels, le }, value })),
      { metricName: `${name}_sum`, labels, value: sum_s },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}

/** `vitals`: of each worker, by number. */
export function registerVitals(registry: Registry, vitals: () => readonly Float64Array[]): void {
  const byResult = (at: (result: Result) => number) => (): Labelled<HistogramView> =>
    RESULTS.map((result) => [{ result }, viewHistogram(vitals(), at(RESULT[result]))])
  const lags = (): Labelled<HistogramView> =>
    vitals().map((values, worker) => [{ worker: String(worker) }, viewHistogram([values], LOOP_LAG)])
  registry.registerMetric(new CountedHistogram('lacquer_first_byte_seconds', byResult(firstByteOf)))
  registry.registerMetric(new CountedHistogram('lacquer_request_seconds', byResult(totalOf)))
  registry.registerMetric(new CountedHistogram('lacquer_worker_loop_lag_seconds', lags))
  count('lacquer_worker_loops_total', registry, () => vitals().map((values, worker) => [{ worker: String(worker) }, values[LOOPS]]))
  const ofGc = (member: 0 | 1) => (): Labelled<number> =>
    vitals().flatMap((values, worker) =>
      GC_KINDS.map(([kind], i) => [{ worker: String(worker), kind }, values[GC + 2 * i + member]] as const),
    )
  count('lacquer_worker_gc_total', registry, ofGc(0))
  count('lacquer_worker_gc_seconds_total', registry, ofGc(1))
}

function count(name: VitalName, registry: Registry, values: () => Labelled<number>): void {
  const { about, labels } = VITAL_METRICS[name]
  const counter: Counter = new Counter({
    name,
    help: about,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      counter.reset()
      for (const [of, value] of values()) counter.inc(of, value)
    },
  })
}
