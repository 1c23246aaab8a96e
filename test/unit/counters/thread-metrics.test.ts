import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { CounterSet } from '../../../src/counters/counters.ts'
import { PrometheusText } from '../../../src/counters/prometheus.ts'
import type { ThreadView } from '../../../src/counters/thread-metrics.ts'

const heap = { used_heap_size: 1000, heap_size_limit: 5000, external_memory: 70 }
const cpu = { user: 1_500_000, system: 500_000 }
const loop = { eventLoopUtilization: () => ({ idle: 8000, active: 2000 }) }
const healthy: ThreadView = { performance: loop, getHeapStatistics: async () => heap, cpuUsage: async () => cpu }
const odd: ThreadView = { ...healthy, performance: { eventLoopUtilization: () => ({ idle: Number.NaN, active: -0.5 }) } }
const hanging: ThreadView = { ...healthy, getHeapStatistics: () => new Promise(() => {}) }
const gone: ThreadView = { ...healthy, cpuUsage: () => Promise.reject(new Error('Worker instance not running')) }

function scrape(...threads: (ThreadView | undefined)[]): Promise<string> {
  return new PrometheusText(new CounterSet(), '1', () => threads).metricsText()
}

const real: Worker[] = []
afterEach(async () => {
  for (const thread of real.splice(0)) await thread.terminate()
})

test('each worker has its own figures; one that hangs, has ended or is being replaced has none, and holds nobody up', async () => {
  const text = await scrape(healthy, hanging, gone, undefined, healthy)
  for (const worker of [0, 4]) {
    expect(text).toContain(`lacquer_worker_cpu_seconds_total{worker="${worker}"} 2\n`)
    expect(text).toContain(`lacquer_worker_event_loop_active_seconds_total{worker="${worker}"} 2\n`)
    expect(text).toContain(`lacquer_worker_event_loop_idle_seconds_total{worker="${worker}"} 8\n`)
    expect(text).toContain(`lacquer_worker_heap_used_bytes{worker="${worker}"} 1000\n`)
    expect(text).toContain(`lacquer_worker_heap_limit_bytes{worker="${worker}"} 5000\n`)
    expect(text).toContain(`lacquer_worker_external_memory_bytes{worker="${worker}"} 70\n`)
  }
  expect(text).not.toMatch(/worker="[123]"/)
})

test('figures that make no sense keep no others from whoever scrapes', async () => {
  const text = await scrape(odd)
  expect(text).toContain('lacquer_worker_event_loop_active_seconds_total{worker="0"} 0\n')
  expect(text).not.toContain('lacquer_worker_event_loop_idle_seconds_total{worker="0"}')
  expect(text).toContain('lacquer_worker_heap_used_bytes{worker="0"} 1000\n')
})

test('a thread of Node is such a view', async () => {
  const thread = new Worker('setInterval(() => {}, 1000)', { eval: true })
  real.push(thread)
  await new Promise((resolve) => thread.once('online', resolve))
  expect(await scrape(thread)).toMatch(/^lacquer_worker_heap_used_bytes\{worker="0"\} [1-9]\d{5,}$/m)
})

test('the event loop of the thread that scrapes is not told of', async () => {
  const text = await scrape(healthy)
  expect(text).toContain('nodejs_heap_size_used_bytes')
  expect(text).not.toMatch(/eventloop|\bNan\b/)
})
