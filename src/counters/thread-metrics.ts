import { Counter, Gauge, type Registry } from 'prom-client'

/** A worker's thread as its parent sees it: node:worker_threads' Worker is one. */
export interface ThreadView {
  readonly performance: { eventLoopUtilization(): { readonly idle: number; readonly active: number } }
  getHeapStatistics(): Promise<{ readonly used_heap_size: number; readonly heap_size_limit: number; readonly external_memory: number }>
  cpuUsage(): Promise<{ readonly user: number; readonly system: number }>
}

interface Vitals {
  readonly loop: { readonly idle: number; readonly active: number }
  readonly heap: Awaited<ReturnType<ThreadView['getHeapStatistics']>>
  readonly cpu: Awaited<ReturnType<ThreadView['cpuUsage']>>
}

/** A thread that hangs must not keep the others' figures from whoever scrapes. */
const PATIENCE_MS = 500

interface ThreadMetric {
  readonly type: 'counter' | 'gauge'
  readonly about: string
  readonly value: (vitals: Vitals) => number
}

function counter(about: string, value: ThreadMetric['value']): ThreadMetric {
  return { type: 'counter', about, value }
}

function gauge(about: string, value: ThreadMetric['value']): ThreadMetric {
  return { type: 'gauge', about, value }
}

/** What a worker's thread says of itself. Counters begin again with a worker that was replaced, as those of a program do. */
export const THREAD_METRICS: Readonly<Record<string, ThreadMetric>> = {
  lacquer_worker_cpu_seconds_total: counter('CPU time of the worker’s thread', ({ cpu }) => (cpu.user + cpu.system) / 1e6),
  lacquer_worker_event_loop_active_seconds_total: counter(
    'Time in which the worker’s event loop had work',
    ({ loop }) => loop.active / 1000,
  ),
  lacquer_worker_event_loop_idle_seconds_total: counter(
    'Time in which the worker’s event loop waited for work',
    ({ loop }) => loop.idle / 1000,
  ),
  lacquer_worker_heap_used_bytes: gauge('JavaScript heap of the worker in use', ({ heap }) => heap.used_heap_size),
  lacquer_worker_heap_limit_bytes: gauge(
    'JavaScript heap that the worker may use; beyond it the worker is replaced',
    ({ heap }) => heap.heap_size_limit,
  ),
  lacquer_worker_external_memory_bytes: gauge('Memory outside the heap that the worker’s objects hold', ({ heap }) => heap.external_memory),
}

/**
 * What prom-client's own nodejs_* metrics say of the thread that scrapes, of each worker's. The threads are asked when
 * somebody scrapes; nothing runs in between.
 */
export class ThreadMetrics {
  private readonly threads: () => readonly (ThreadView | undefined)[]
  private readonly put: ((all: readonly (Vitals | undefined)[]) => void)[]

  constructor(registry: Registry, threads: () => readonly (ThreadView | undefined)[]) {
    this.threads = threads
    this.put = Object.entries(THREAD_METRICS).map(([name, row]) => putter(registry, name, row))
  }

  async refresh(): Promise<void> {
    const all = await Promise.all(this.threads().map(vitalsOf))
    for (const put of this.put) put(all)
  }
}

function putter(registry: Registry, name: string, { type, about, value }: ThreadMetric): (all: readonly (Vitals | undefined)[]) => void {
  const common = { name, help: about, labelNames: ['worker'], registers: [registry] }
  const metric = type === 'counter' ? new Counter(common) : new Gauge(common)
  return (all) => {
    metric.reset()
    all.forEach((vitals, worker) => {
      const measured = vitals === undefined ? NaN : value(vitals)
      // Of a metric that has just been reset, adding is setting. A thread that begins or ends may be said to have worked for less than no time.
      if (Number.isFinite(measured)) metric.inc({ worker }, Math.max(0, measured))
    })
  }
}

/** Undefined: there is no thread just now, it has ended, or does not answer. */
async function vitalsOf(thread: ThreadView | undefined): Promise<Vitals | undefined> {
  if (thread === undefined) return undefined
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, PATIENCE_MS, undefined)
  try {
    const asked = await Promise.race([Promise.all([thread.getHeapStatistics(), thread.cpuUsage()]), late])
    if (asked === undefined) return undefined
    const [heap, cpu] = asked
    return { loop: thread.performance.eventLoopUtilization(), heap, cpu }
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
