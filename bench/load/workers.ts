import { load } from './generator.ts'
import { startLacquer, type Started } from './peers/lacquer.ts'
import { cpu_us, stop } from './processes.ts'
import { median } from './report.ts'
import type { Figure } from './report.ts'
import { CLIENTS, cold, type Bench, type Scenario } from './scenarios.ts'

const FLAGS = ['-s', 'memory,256M', '-p', 'timeout_idle=300']
const WORKERS = [1, 2]

/** CPU per hit, both on any core, round by round beside each other. */
async function costs(bench: Bench, running: ReadonlyMap<number, Started>): Promise<Map<number, number[]>> {
  const samples = new Map<number, number[]>(WORKERS.map((count) => [count, []]))
  for (let round = 0; round <= bench.rounds; round++) {
    for (const [count, { child, port }] of running) {
      const before_us = cpu_us(child.pid!)
      const plan = { port, path: '/1k/hit', unique: false, connections: 64, seconds: bench.seconds, directory: bench.setting.directory }
      const { requests } = await load(plan)
      const cost_us = (cpu_us(child.pid!) - before_us) / requests
      // Round 0 fills caches and lets compilers compile.
      if (round > 0) samples.get(count)!.push(cost_us)
      if (round > 0) bench.say(`hit 1 KiB, round ${round}, -w ${count}: ${cost_us.toFixed(1)} us CPU`)
    }
  }
  return samples
}

/** What a second worker costs a hit, and that two of them ask the origin once. */
export const workersScenario: Scenario = {
  name: 'workers',
  async run(bench) {
    const running = new Map<number, Started>()
    try {
      for (const count of WORKERS) {
        running.set(count, await startLacquer(bench.setting.origin_port, [...FLAGS, '-w', String(count)], 'any'))
      }
      const samples = await costs(bench, running)
      const [alone_us, together_us] = WORKERS.map((count) => median(samples.get(count)!))
      const { fetches, right } = await cold(bench, running.get(2)!.port, `/slow/workers-${process.pid}`)
      const one = (scenario: string, unit: string, value: number, targets: Figure['targets']): Figure => ({
        scenario,
        unit,
        values: new Map([['lacquer', value]]),
        targets,
        notes: [],
      })
      const crowd = `${CLIENTS} clients, one cold URL, two workers`
      return [
        one('hit 1 KiB, one worker on any core', 'us CPU/request', alone_us, []),
        one('hit 1 KiB, two workers', 'us CPU/request', together_us, []),
        one('hit 1 KiB, two workers', 'of one worker’s CPU', together_us / alone_us, [{ below: 1.15 }]),
        one(crowd, 'origin requests', fetches, [{ exactly: 1 }]),
        one(crowd, 'clients with every byte right', right, [{ exactly: CLIENTS }]),
      ]
    } finally {
      await Promise.all([...running.values()].map(({ child }) => stop(child)))
    }
  },
}
