import { performance, PerformanceObserver } from 'node:perf_hooks'
import { countTime } from '../counters/histogram.ts'
import { GC, GC_KINDS, LOOP_LAG, LOOPS } from '../counters/vitals.ts'

interface Collection {
  readonly duration: number
  readonly detail?: { readonly kind?: number } | undefined
}

/** Garbage collections, turns of the event loop, and how late it was, of this thread, behind what threads before it have counted. */
export class Measuring {
  private readonly values: Float64Array
  private readonly loops_before: number
  private readonly collections: PerformanceObserver

  constructor(values: Float64Array) {
    this.values = values
    this.loops_before = values[LOOPS]
    this.collections = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.collected(entry)
    })
    this.collections.observe({ entryTypes: ['gc'] })
  }

  /** A timer of this thread was due so many milliseconds ago. */
  late(ms: number): void {
    countTime(this.values, LOOP_LAG, ms)
    this.values[LOOPS] = this.loops_before + performance.nodeTiming.uvMetricsInfo.loopCount
  }

  close(): void {
    this.collections.disconnect()
  }

  private collected({ duration: ms, detail }: Collection): void {
    const kind = GC_KINDS.findIndex(([, bit]) => bit === detail?.kind)
    if (kind < 0) return
    this.values[GC + 2 * kind]++
    this.values[GC + 2 * kind + 1] += ms / 1000
  }
}
