import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generator, load, type LoadPlan } from './generator.ts'
import { startLacquer, startServe, type Started } from './peers/lacquer.ts'
import { cpu_us, stop } from './processes.ts'
import { median } from './report.ts'
import type { Figure } from './report.ts'
import type { Bench, Scenario } from './scenarios.ts'
import { crowd, headOf, visit } from './visitors.ts'

const FLAGS = ['-w', '1', '-s', 'memory,256M', '-p', 'timeout_idle=300']
const SHOP = new URL('../micro/vcl/shop.vcl', import.meta.url)
/** Before this the compilers are at work. */
const WARM_UP_SECONDS = 4
const LEAST_ROUNDS = 5

/** What is asked for: by one browser again and again, and by a crowd in which each request is another. */
const ASKED = [
  ['one request', [visit(0, 0, '/1k')]],
  ['each request another', crowd('/1k')],
] as const

type Server = 'no rules' | 'rules'

/** CPU per hit of both servers, in turns. */
async function costs(bench: Bench, running: ReadonlyMap<Server, Started>, plan: Omit<LoadPlan, 'port'>): Promise<Map<Server, number>> {
  const samples = new Map<Server, number[]>()
  for (const { port } of running.values()) await load({ ...plan, port, seconds: WARM_UP_SECONDS })
  for (let round = 1; round <= Math.max(LEAST_ROUNDS, bench.rounds); round++) {
    for (const [server, { child, port }] of running) {
      const before_us = cpu_us(child.pid!)
      const { requests } = await load({ ...plan, port })
      const cost_us = (cpu_us(child.pid!) - before_us) / requests
      bench.say(`hit 1 KiB, round ${round}, ${server}: ${cost_us.toFixed(1)} us CPU`)
      samples.set(server, [...(samples.get(server) ?? []), cost_us])
    }
  }
  return new Map([...samples].map(([server, values]) => [server, median(values)]))
}

function figuresOf(title: string, cost_us: ReadonlyMap<Server, number>): Figure[] {
  const [without_us, with_us] = [cost_us.get('no rules')!, cost_us.get('rules')!]
  const one = (scenario: string, value: number, targets: Figure['targets']): Figure => {
    return { scenario, unit: 'us CPU/request', values: new Map([['lacquer', value]]), targets, notes: [] }
  }
  return [
    one(`hit 1 KiB, ${title}, no rules`, without_us, []),
    one(`hit 1 KiB, ${title}, a shop’s rules`, with_us, []),
    one(`what they add, ${title}`, with_us - without_us, [{ below: 3 }]),
  ]
}

/** What the 224 lines of a shop's rules add to a hit. */
export const rulesScenario: Scenario = {
  name: 'rules',
  async run(bench) {
    // autocannon sends one request only.
    const asked = generator === 'wrk' ? ASKED : ASKED.slice(0, 1)
    const { directory, origin_port } = bench.setting
    const file = join(directory, 'shop.vcl')
    writeFileSync(file, readFileSync(SHOP, 'latin1').replaceAll('PORT', String(origin_port)), 'latin1')
    const running = new Map<Server, Started>()
    try {
      running.set('no rules', await startLacquer(origin_port, FLAGS))
      running.set('rules', await startServe(['-f', file, ...FLAGS]))
      const figures: Figure[] = []
      for (const [title, visits] of asked) {
        const [{ target }] = visits
        const heads = visits.map((one) => headOf(one))
        const plan = { path: target, unique: false, connections: 64, seconds: bench.seconds, directory, heads }
        figures.push(...figuresOf(title, await costs(bench, running, plan)))
      }
      return figures
    } finally {
      await Promise.all([...running.values()].map(({ child }) => stop(child)))
    }
  },
}
