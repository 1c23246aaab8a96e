import { fileURLToPath } from 'node:url'
import { load } from './generator.ts'
import type { LoadPlan } from './generator.ts'
import { startLacquer } from './peers/lacquer.ts'
import type { Peer, Running, Setting } from './peers/peer.ts'
import { cpu_us, LOAD_CORE, memory_bytes, run, start, stop } from './processes.ts'
import { median } from './report.ts'
import type { Figure, Target } from './report.ts'
import type { CrowdReport } from './crowd.ts'

export interface Bench {
  readonly setting: Setting
  readonly peers: readonly Peer[]
  readonly rounds: number
  readonly seconds: number
  readonly say: (text: string) => void
}

export interface Scenario {
  readonly name: string
  run(bench: Bench): Promise<Figure[]>
}

const MIB = 1024 * 1024
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const CROWD = script('./crowd.ts')
const HOLDER = script('./holder.ts')
const DOWNLOAD = script('./download.ts')

interface Throughput {
  readonly name: string
  readonly title: string
  readonly path: string
  readonly unique: boolean
  readonly targets: readonly Target[]
}

/** All peers run at the same time, idle but for the one under load, so that rounds can be interleaved. */
async function withPeers<T>(bench: Bench, work: (running: Map<string, Running>) => Promise<T>): Promise<T> {
  const running = new Map<string, Running>()
  try {
    for (const peer of bench.peers) running.set(peer.name, await peer.start(bench.setting))
    return await work(running)
  } finally {
    await Promise.all([...running.values()].map(({ child }) => stop(child)))
  }
}

/**
 * A miss runs through so much code that the compilers work for the first 50,000 of them: as many for each peer, however long they
 * take on this machine, within reason.
 */
const WARM_UP_REQUESTS = 50_000
const WARM_UP_SECONDS = 3
const WARM_UPS_MAX = 10

async function warmUp(plan: LoadPlan): Promise<void> {
  let requests = 0
  for (let i = 0; i < WARM_UPS_MAX && requests < WARM_UP_REQUESTS; i++)
    requests += (await load({ ...plan, seconds: WARM_UP_SECONDS })).requests
}

/** CPU microseconds per request of the server's whole process tree, median of interleaved rounds. */
function throughput({ name, title, path, unique, targets }: Throughput): Scenario {
  return {
    name,
    run: (bench) =>
      withPeers(bench, async (running) => {
        const samples = new Map<string, number[]>()
        const rates = new Map<string, number[]>()
        const notes: string[] = []
        const planFor = (port: number): LoadPlan => {
          return { port, path, unique, connections: 64, seconds: bench.seconds, directory: bench.setting.directory }
        }
        for (const { port } of running.values()) await warmUp(planFor(port))
        for (let round = 1; round <= bench.rounds; round++) {
          for (const [peer, { child, port }] of running) {
            const plan = planFor(port)
            const before_us = cpu_us(child.pid!)
            const result = await load(plan)
            const cost_us = (cpu_us(child.pid!) - before_us) / result.requests
            if (result.errors > 0) notes.push(`${peer} round ${round}: ${result.errors} errors`)
            const rate = result.requests / result.seconds
            bench.say(`${title}, round ${round}, ${peer}: ${cost_us.toFixed(1)} us CPU, ${rate.toFixed(0)} requests/s`)
            samples.set(peer, [...(samples.get(peer) ?? []), cost_us])
            rates.set(peer, [...(rates.get(peer) ?? []), rate])
          }
        }
        return [
          { scenario: title, unit: 'us CPU/request', values: medians(samples), targets, notes },
          { scenario: title, unit: 'requests/s', values: medians(rates), targets: [], notes: [] },
        ]
      }),
  }
}

function medians(samples: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  return new Map([...samples].map(([peer, values]) => [peer, median(values)]))
}

export const CLIENTS = 1000

export interface ColdResult {
  readonly fetches: number
  readonly right: number
  /** From the moment all asked to the first byte of the last waiter, and from that to the origin's last byte. */
  readonly first_byte_ms: number
  readonly before_last_ms: number
}

export async function cold(bench: Bench, port: number, url: string): Promise<ColdResult> {
  const text = await run(LOAD_CORE, process.execPath, [CROWD, String(port), url, String(CLIENTS)], 90_000)
  const crowd = JSON.parse(text) as CrowdReport
  const counts = await fetch(`http://127.0.0.1:${bench.setting.origin_port}/_count`)
  const record = ((await counts.json()) as Record<string, { fetches: number; last_byte_ms: number }>)[url]
  const first_byte_ms = crowd.first_byte_ms - crowd.began_ms
  return { fetches: record.fetches, right: crowd.right, first_byte_ms, before_last_ms: record.last_byte_ms - crowd.first_byte_ms }
}

const coldScenario: Scenario = {
  name: 'cold',
  run: (bench) =>
    withPeers(bench, async (running) => {
      const results = new Map<string, ColdResult>()
      for (const [peer, { port }] of running) results.set(peer, await cold(bench, port, `/slow/${peer}-${process.pid}`))
      const values = (field: keyof ColdResult): Map<string, number> => new Map([...results].map(([peer, result]) => [peer, result[field]]))
      const title = `${CLIENTS} clients, one cold URL`
      const ours = results.get('lacquer')
      const late = ours !== undefined && ours.before_last_ms <= 0 ? ['a waiter’s first byte came after the origin’s last: MISSED'] : []
      return [
        { scenario: title, unit: 'origin requests', values: values('fetches'), targets: [{ exactly: 1 }], notes: late },
        { scenario: title, unit: 'clients with every byte right', values: values('right'), targets: [{ exactly: CLIENTS }], notes: [] },
        { scenario: title, unit: 'ms to the last first byte', values: values('first_byte_ms'), targets: [], notes: [] },
        { scenario: title, unit: 'ms before the origin’s last', values: values('before_last_ms'), targets: [], notes: [] },
      ]
    }),
}

const STARTS = 5

/** As an operator starts it: on any core, by the launcher. */
const startScenario: Scenario = {
  name: 'start',
  async run({ setting }) {
    const one: number[] = []
    const all: number[] = []
    for (let i = 0; i <= STARTS; i++) {
      for (const [flags, times] of [
        [['-w', '1'], one],
        [[], all],
      ] as const) {
        const started = await startLacquer(setting.origin_port, flags, 'any')
        // The first one reads the disk.
        if (i > 0) times.push(started.ready_ms)
        await stop(started.child)
      }
    }
    const figure = (scenario: string, times: readonly number[], targets: Figure['targets']): Figure => {
      return { scenario, unit: 'ms', values: new Map([['lacquer', median(times)]]), targets, notes: [] }
    }
    return [figure('start to ready, -w 1', one, [{ below: 350 }]), figure('start to ready, a worker for each core', all, [])]
  },
}

const DOWNLOADS = 4
const LARGE_BYTES = 200 * MIB

/** The object is larger than the store, so that it can only stream through; two at a time, each URL twice. */
const streamScenario: Scenario = {
  name: 'stream',
  async run({ setting }) {
    const { child, port } = await startLacquer(setting.origin_port, ['-s', 'memory,64M'])
    try {
      const before_bytes = memory_bytes(child.pid!, 'VmRSS')
      let right = 0
      for (let i = 0; i < DOWNLOADS; i += 2) {
        const urls = [`/200m/a${i % 4}`, `/200m/b${i % 4}`]
        const got = await Promise.all(urls.map((url) => run(LOAD_CORE, process.execPath, [DOWNLOAD, String(port), url], 60_000)))
        right += got.filter((text) => Number(text) === LARGE_BYTES).length
      }
      const growth_mib = (memory_bytes(child.pid!, 'VmHWM') - before_bytes) / MIB
      const title = `${DOWNLOADS} downloads of 200 MiB, store of 64 MiB`
      const one = (value: number): Map<string, number> => new Map([['lacquer', value]])
      return [
        { scenario: title, unit: 'with every byte right', values: one(right), targets: [{ exactly: DOWNLOADS }], notes: [] },
        { scenario: title, unit: 'MiB peak growth of RSS', values: one(growth_mib), targets: [{ below: 200 }], notes: [] },
      ]
    } finally {
      await stop(child)
    }
  },
}

const IDLE = 10_000
const HOLDERS = 4
/** Files a server has open besides its clients' connections. */
const OTHER_FILES = 500

async function hold(port: number, count: number): Promise<{ held: number; release: () => Promise<void> }> {
  const holders = Array.from({ length: HOLDERS }, (_, i) =>
    start(LOAD_CORE, process.execPath, [HOLDER, String(port), String(Math.floor(count / HOLDERS)), `127.0.0.${i + 2}`]),
  )
  const counts = await Promise.all(
    holders.map(
      (holder) =>
        new Promise<number>((resolve) => {
          let said = ''
          const late = setTimeout(() => resolve(0), 60_000)
          holder.stdout!.on('data', (chunk: Buffer) => {
            said += chunk.toString()
            const held = /held (-?\d+)/.exec(said)
            if (held === null) return
            clearTimeout(late)
            resolve(Number(held[1]))
          })
        }),
    ),
  )
  const release = async (): Promise<void> => void (await Promise.all(holders.map(stop)))
  return { held: counts.reduce((sum, one) => sum + one, 0), release }
}

const idleScenario: Scenario = {
  name: 'idle',
  async run(bench) {
    const count = Math.min(IDLE, bench.setting.open_files - OTHER_FILES)
    const values = new Map<string, number>()
    const growth = new Map<string, number>()
    const notes: string[] = count < IDLE ? [`only ${count} connections: ulimit -n is ${bench.setting.open_files}`] : []
    for (const peer of bench.peers) {
      const { child, port } = await peer.start(bench.setting)
      const before_bytes = memory_bytes(child.pid!, 'VmRSS')
      const { held, release } = await hold(port, count)
      if (held !== count) notes.push(`${peer.name} held ${held} of ${count}`)
      const held_bytes = memory_bytes(child.pid!, 'VmRSS')
      values.set(peer.name, held_bytes / MIB)
      growth.set(peer.name, (held_bytes - before_bytes) / MIB)
      await release()
      await stop(child)
    }
    const scenario = `${count} idle connections`
    return [
      { scenario, unit: 'MiB RSS', values, targets: [], notes },
      { scenario, unit: 'MiB RSS more than before', values: growth, targets: [{ below: 300 }], notes: [] },
    ]
  },
}

const of = (peer: string, ratio: number): Target => ({ peer, ratio })

export const SCENARIOS: readonly Scenario[] = [
  throughput({
    name: 'hit1k',
    title: 'hit 1 KiB',
    path: '/1k/hit',
    unique: false,
    targets: [of('nginx', 0.6), of('varnish', 0.5), of('haproxy', 1.5)],
  }),
  throughput({ name: 'hit10k', title: 'hit 10 KiB', path: '/10k/hit', unique: false, targets: [] }),
  throughput({ name: 'hit100k', title: 'hit 100 KiB', path: '/100k/hit', unique: false, targets: [of('nginx', 1.1)] }),
  throughput({
    name: 'miss',
    title: 'unique misses 1 KiB',
    path: '/1k/miss',
    unique: true,
    targets: [of('varnish', 0.7), of('nginx', 1.2)],
  }),
  coldScenario,
  startScenario,
  streamScenario,
  idleScenario,
]
