import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { CounterSet } from '../../../src/counters/counters.ts'
import { countTime, BOUNDS_S } from '../../../src/counters/histogram.ts'
import { PrometheusText } from '../../../src/counters/prometheus.ts'
import { firstByteOf, GC, GC_KINDS, LOOPS, newVitals, RESULT, totalOf } from '../../../src/counters/vitals.ts'
import { Measuring } from '../../../src/worker/measuring.ts'
import { Patience } from '../../kit/patience.ts'

const MAJOR = GC_KINDS.findIndex(([kind]) => kind === 'major')

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

const blocks = [new Float64Array(newVitals()), new Float64Array(newVitals())]
const scrape = (): Promise<string> =>
  new PrometheusText(
    new CounterSet(),
    '1',
    () => [],
    () => blocks,
  ).metricsText()

const open: Measuring[] = []
afterEach(() => {
  for (const measuring of open.splice(0)) measuring.close()
})

test('histograms of answers are of all workers together, one for each result', async () => {
  countTime(blocks[0], firstByteOf(RESULT.hit), 0.03125)
  countTime(blocks[1], firstByteOf(RESULT.hit), 0.5)
  countTime(blocks[1], totalOf(RESULT.pass), 20)
  const text = await scrape()
  const lines = text.split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE lacquer_first_byte_seconds histogram',
      'lacquer_first_byte_seconds_bucket{result="hit",le="0.000016"} 0',
      'lacquer_first_byte_seconds_bucket{result="hit",le="0.000032"} 1',
      'lacquer_first_byte_seconds_bucket{result="hit",le="0.000512"} 2',
      'lacquer_first_byte_seconds_bucket{result="hit",le="+Inf"} 2',
      'lacquer_first_byte_seconds_sum{result="hit"} 0.00053125',
      'lacquer_first_byte_seconds_count{result="hit"} 2',
      'lacquer_request_seconds_count{result="pass"} 1',
      'lacquer_request_seconds_sum{result="pass"} 0.02',
      'lacquer_request_seconds_count{result="synth"} 0',
    ]),
  )
  expect(lines.filter((line) => line.startsWith('lacquer_request_seconds_bucket'))).toHaveLength(4 * (BOUNDS_S.length + 1))
})

test('a thread counts its collections and turns behind those of the thread before it', async () => {
  blocks[1][LOOPS] = 1000
  const measuring = new Measuring(blocks[1])
  open.push(measuring)
  measuring.late(3)
  collectGarbage()
  await new Patience().until('a collection is told of', () => blocks[1][GC + 2 * MAJOR] > 0)
  const text = await scrape()
  expect(text).toMatch(/^lacquer_worker_gc_seconds_total\{worker="1",kind="major"\} \d\S*[1-9]\S*$/m)
  expect(text).toMatch(/^lacquer_worker_gc_total\{worker="0",kind="major"\} 0$/m)
  expect(text).toMatch(/^lacquer_worker_loops_total\{worker="1"\} 10\d\d+$/m)
  expect(text).toContain('lacquer_worker_loop_lag_seconds_bucket{worker="1",le="0.002048"} 0')
  expect(text).toContain('lacquer_worker_loop_lag_seconds_bucket{worker="1",le="0.004096"} 1')
})
