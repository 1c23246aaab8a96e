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
/** One who asks does not keep two workers busy: they sleep and wake, and a turn has few answers. */
const BUSY = 'two workers, two who ask'
interface Place {
  readonly name: string
  readonly workers: number
  readonly core: Core
  /** Who asks. */
  readonly threads: number
  readonly from: Core
}
const PLACES: readonly Place[] = [
  { name: ALONE, workers: 1, core: SERVER_CORE, threads: 1, from: LOAD_CORE },
  { name: BESIDE, workers: 1, core: LOAD_CORE, threads: 1, from: LOAD_CORE },
  { name: TOGETHER, workers: 2, core: 'any', threads: 1, from: LOAD_CORE },
  { name: BUSY, workers: 2, core: 'any', threads: 2, from: 'any' },
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
  readonly place: Place
  readonly server: Running
  readonly samples_us: number[]
}

async function startAll(bench: Bench, all: Measured[]): Promise<void> {
  for (const [peer, start] of peersOf(bench)) {
    for (const place of PLACES) all.push({ peer, place, server: await start(place.workers, place.core), samples_us: [] })
  }
}

/** CPU per hit, round by round beside each other. */
async function measure(bench: Bench, all: readonly Measured[]): Promise<void> {
  for (let round = 0; round <= bench.rounds; round++) {
    for (const { peer, place, server, samples_us } of all) {
      const { child, port } = server
      const { threads, from: core } = place
      const before_us = cpu_us(child.pid!)
      const { seconds, setting } = bench
      const plan = { port, path: '/1k/hit', unique: false, connections: 64, seconds, directory: setting.directory, threads, core }
      const { requests } = await load(plan)
      const cost_us = (cpu_us(child.pid!) - before_us) / requests
      // Round 0 fills caches and lets compilers compile.
      if (round > 0) samples_us.push(cost_us)
      if (round > 0) bench.say(`hit 1 KiB, round ${round}, ${peer}, ${place.name}: ${cost_us.toFixed(1)} us CPU`)
    }
  }
}

function figure(scenario: string, unit: string, values: Iterable<readonly [string, number]>, ...targets: Target[]): Figure {
  return { scenario, unit, values: new Map(values), targets, notes: [] }
}

function figures(all: readonly Measured[]): Figure[] {
  const samples_us = (peer: string, place: string): number[] => all.find((one) => one.peer === peer && one.place.name === place)!.samples_us
  const peers = [...new Set(all.map(({ peer }) => peer))]
  // By rounds: the machine is not as fast in one as in another.
  const ratio = (peer: string, place: string): number =>
    median(samples_us(peer, place).map((together_us, round) => together_us / samples_us(peer, ALONE)[round]))
  return [
    ...PLACES.map(({ name }) =>
      figure(
        `hit 1 KiB, ${name}`,
        'us CPU/request',
        peers.map((peer) => [peer, median(samples_us(peer, name))] as const),
      ),
    ),
    ...[TOGETHER, BUSY].map((name) =>
      figure(
        `hit 1 KiB, ${name}`,
        'of one worker’s CPU',
        peers.map((peer) => [peer, ratio(peer, name)] as const),
        { below: 1.15 },
      ),
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
      const two = all.find(({ peer, place }) => peer === 'lacquer' && place.name === TOGETHER)!
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
