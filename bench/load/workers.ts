import { load } from './generator.ts'
import { startHaproxy } from './peers/haproxy.ts'
import { startLacquer } from './peers/lacquer.ts'
import type { Running } from './peers/peer.ts'
import { type Core, cpu_us, LOAD_CORE, SERVER_CORE, stop } from './processes.ts'
import { median } from './report.ts'
import type { Figure, Target } from './report.ts'
import { CLIENTS, cold, type Bench, type Scenario } from './scenarios.ts'

const FLAGS = ['-s', 'memory,256M', '-p', 'timeout_idle=300']

/**
 * Where one worker runs is said, where two do is not: left alone, the kernel often puts one worker on the core of who asks, where on a busy machine a hit costs
 * a quarter less. Two have no such place, whatever they share (bench/RESULTS.md, "Two workers").
 */
const ALONE = 'one worker'
const BESIDE = 'one worker on the core of who asks'
const TOGETHER = 'two workers'
const PLACES: readonly { readonly name: string; readonly workers: number; readonly core: Core }[] = [
  { name: ALONE, workers: 1, core: SERVER_CORE },
  { name: BESIDE, workers: 1, core: LOAD_CORE },
  { name: TOGETHER, workers: 2, core: 'any' },
]

type Start = (workers: number, core: Core) => Promise<Running>

/** Who is measured beside: its threads share as much as workers do. */
function peersOf({ peers, setting }: Bench): Map<string, Start> {
  const found = new Map<string, Start>()
  found.set('lacquer', (workers, core) => startLacquer(setting.origin_port, [...FLAGS, '-w', String(workers)], core))
  if (peers.some(({ name }) => name === 'haproxy')) found.set('haproxy', (threads, core) => startHaproxy(setting, threads, core))
  return found
}

interface Measured {
  readonly peer: string
  readonly place: string
  readonly server: Running
  readonly samples_us: number[]
}

async function startAll(bench: Bench, all: Measured[]): Promise<void> {
  for (const [peer, start] of peersOf(bench)) {
    for (const { name, workers, core } of PLACES) {
      all.push({ peer, place: name, server: await start(workers, core), samples_us: [] })
    }
  }
}

/** CPU per hit, round by round beside each other. */
async function measure(bench: Bench, all: readonly Measured[]): Promise<void> {
  for (let round = 0; round <= bench.rounds; round++) {
    for (const { peer, place, server, samples_us } of all) {
      const { child, port } = server
      const before_us = cpu_us(child.pid!)
      const plan = { port, path: '/1k/hit', unique: false, connections: 64, seconds: bench.seconds, directory: bench.setting.directory }
      const { requests } = await load(plan)
      const cost_us = (cpu_us(child.pid!) - before_us) / requests
      // Round 0 fills caches and lets compilers compile.
      if (round > 0) samples_us.push(cost_us)
      if (round > 0) bench.say(`hit 1 KiB, round ${round}, ${peer}, ${place}: ${cost_us.toFixed(1)} us CPU`)
    }
  }
}

function figure(scenario: string, unit: string, values: Iterable<readonly [string, number]>, ...targets: Target[]): Figure {
  return { scenario, unit, values: new Map(values), targets, notes: [] }
}

function figures(all: readonly Measured[]): Figure[] {
  const samples_us = (peer: string, place: string): number[] => all.find((one) => one.peer === peer && one.place === place)!.samples_us
  const peers = [...new Set(all.map(({ peer }) => peer))]
  // By rounds: the machine is not as fast in one as in another.
  const ratio = (peer: string): number =>
    median(samples_us(peer, TOGETHER).map((together_us, round) => together_us / samples_us(peer, ALONE)[round]))
  return [
    ...PLACES.map(({ name }) =>
      figure(
        `hit 1 KiB, ${name}`,
        'us CPU/request',
        peers.map((peer) => [peer, median(samples_us(peer, name))] as const),
      ),
    ),
    figure(
      `hit 1 KiB, ${TOGETHER}`,
      'of one worker’s CPU',
      peers.map((peer) => [peer, ratio(peer)] as const),
      { below: 1.15 },
    ),
  ]
}

/** What a second worker costs a hit, and that two of them ask the origin once. */
export const workersScenario: Scenario = {
  name: 'workers',
  async run(bench) {
    const all: Measured[] = []
    try {
      await startAll(bench, all)
      await measure(bench, all)
      const two = all.find(({ peer, place }) => peer === 'lacquer' && place === TOGETHER)!
      const { fetches, right } = await cold(bench, two.server.port, `/slow/workers-${process.pid}`)
      const crowd = `${CLIENTS} clients, one cold URL, two workers`
      return [
        ...figures(all),
        figure(crowd, 'origin requests', [['lacquer', fetches]], { exactly: 1 }),
        figure(crowd, 'clients with every byte right', [['lacquer', right]], { exactly: CLIENTS }),
      ]
    } finally {
      await Promise.all(all.map(({ server }) => stop(server.child)))
    }
  },
}
