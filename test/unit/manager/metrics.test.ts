import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Instance } from './instance.ts'

/** What a scrape of the running program says. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEASURED = /^lacquer_worker_loop_lag_seconds_count\{worker="0"\} [1-9][^]*^lacquer_worker_loop_lag_seconds_count\{worker="1"\} [1-9]/m
let instance: Instance
let metrics = ''

beforeAll(async () => {
  instance = new Instance(['-s', 'memory,16M', '--metrics', '127.0.0.1:0'], '', 2)
  await instance.ready()
  metrics = /metrics on (http:\/\/\S+)/.exec(instance.said)?.[1] ?? ''
})

afterAll(async () => {
  instance.child.kill('SIGTERM')
  expect(await instance.exited).toBe(0)
})

async function scrape(): Promise<string> {
  const answer = await fetch(metrics)
  const text = await answer.text()
  expect([answer.headers.get('content-type'), text]).toEqual([expect.stringMatching(/^text\/plain; version=0\.0\.4/), text])
  return text
}

test('answers of all workers are in one histogram, each worker has its own event loop', async () => {
  for (let i = 0; i < 6; i++)
    await (await fetch(`http://127.0.0.1:${instance.port}/cacheable`, { headers: { Connection: 'close' } })).text()
  const text = await scrape()
  expect(text).toContain('lacquer_first_byte_seconds_count{result="miss"} 1\n')
  expect(text).toContain('lacquer_first_byte_seconds_count{result="hit"} 5\n')
  expect(text).toContain('lacquer_request_seconds_bucket{result="hit",le="+Inf"} 5\n')
  expect(text).toMatch(/^lacquer_request_seconds_sum\{result="hit"\} 0\.\d+$/m)
  let loops = text
  // Each tells twice a second.
  for (let tries = 0; !MEASURED.test(loops) && tries < 500; tries++) loops = await scrape()
  expect(loops).toMatch(MEASURED)
  expect(loops).toMatch(/^lacquer_worker_loops_total\{worker="1"\} [1-9]/m)
  expect(loops).toMatch(/^# TYPE lacquer_worker_cpu_seconds_total counter\nlacquer_worker_cpu_seconds_total\{worker="0"\} 0\.\d+$/m)
})
