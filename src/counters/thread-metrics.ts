import { Gauge, type Registry } from 'prom-client'

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

// Each entry is one metric: name, prose, and where its value is. Those in _total begin again with a worker that was replaced.
const METRICS: Record<string, [about: string, value: (vitals: Vitals) => number]> = {
  cpu_seconds_total: ['CPU time of the worker’s thread', ({ cpu }) => (cpu.user + cpu.system) / 1e6],
  event_loop_active_seconds_total: ['Time in which the worker’s event loop had work', ({ loop }) => loop.active / 1000],
  event_loop_idle_seconds_total: ['Time in which the worker’s event loop waited for work', ({ loop }) => loop.idle / 1000],
  heap_used_bytes: ['JavaScript heap of the worker in use', ({ heap }) => heap.used_heap_size],
  heap_limit_bytes: ['JavaScript heap that the worker may use; beyond it the worker is replaced', ({ heap }) => heap.heap_size_limit],
  external_memory_bytes: ['Memory outside the heap that the worker’s objects hold', ({ heap }) => heap.external_memory],
}

/**
 * What prom-client's own nodejs_* metrics say of the thread that scrapes, of each worker's. The threads are asked when
 * somebody scrapes; nothing runs in between.
 */
export class ThreadMetrics {
  private readonly threads: () => readonly (ThreadView | undefined)[]
  private readonly gauges: [Gauge, (vitals: Vitals) => number][]

  constructor(registry: Registry, threads: () => readonly (ThreadView | undefined)[]) {
    this.threads = threads
    this.gauges = Object.entries(METRICS).map(([name, [help, value]]) => {
      const gauge = new Gauge({ name: `lacquer_worker_${name}`, help, labelNames: ['worker'], registers: [registry] })
      return [gauge, value]
    })
  }

  async refresh(): Promise<void> {
    const all = await Promise.all(this.threads().map(vitalsOf))
    for (const [gauge, value] of this.gauges) {
      gauge.reset()
      all.forEach((vitals, worker) => vitals !== undefined && gauge.set({ worker }, value(vitals)))
    }
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
