import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generator } from './load/generator.ts'
import { haproxy } from './load/peers/haproxy.ts'
import { lacquer } from './load/peers/lacquer.ts'
import { nginx, nginxFiles } from './load/peers/nginx.ts'
import type { Peer } from './load/peers/peer.ts'
import { varnish } from './load/peers/varnish.ts'
import { LOAD_CORE, openFiles, pinning, SERVER_CORE, start, stop } from './load/processes.ts'
import { table } from './load/report.ts'
import type { Figure } from './load/report.ts'
import { rulesScenario } from './load/rules.ts'
import { SCENARIOS as ONES } from './load/scenarios.ts'
import type { Bench } from './load/scenarios.ts'
import { workersScenario } from './load/workers.ts'

/**
 * npm run bench: Lacquer, built, beside the peers that are installed, in the same minutes on the same cores.
 * Prints what it measured and nothing else.
 */
const SCENARIOS = [...ONES, workersScenario, rulesScenario]
const OTHERS: readonly Peer[] = [nginx, nginxFiles, varnish, haproxy]
const HELP = `npm run bench -- [--only ${SCENARIOS.map((one) => one.name).join(',')}] [--rounds 3] [--seconds 3] [--peers ${OTHERS.map((one) => one.name).join(',')}]`

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      peers: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const names = (text: string | undefined): string[] | undefined => text?.split(',').filter((name) => name !== '')
  return {
    only: names(values.only),
    peers: names(values.peers),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    help: values.help,
  }
}

/** An unknown name is a mistake, not an empty run. */
function chosen<T extends { readonly name: string }>(all: readonly T[], names: readonly string[] | undefined): readonly T[] {
  const unknown = names?.find((name) => !all.some((one) => one.name === name))
  if (unknown !== undefined) throw new Error(`'${unknown}' is none of ${all.map((one) => one.name).join(', ')}`)
  return names === undefined ? all : all.filter((one) => names.includes(one.name))
}

/** In memory where there is such a place: the disk is not what is measured. */
function workDirectory(): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lacquer-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function startOrigin(): Promise<{ port: number; close: () => Promise<void> }> {
  const child = start(LOAD_CORE, process.execPath, [fileURLToPath(new URL('load/origin.ts', import.meta.url))])
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())))
    child.once('exit', (code) => reject(new Error(`the origin ended with ${code}`)))
  })
  return { port, close: () => stop(child) }
}

function surroundings(): string {
  const pins = pinning
    ? `server on core ${SERVER_CORE}, load and origin on core ${LOAD_CORE}`
    : 'not pinned: taskset or a second core is missing'
  return `Node ${process.version}, ${generator}, ${pins}, load average ${loadavg()[0].toFixed(2)}`
}

async function main(): Promise<void> {
  const { only, peers: wanted, rounds, seconds, help } = options()
  if (help) return console.log(HELP)
  if (!existsSync(new URL('../dist/manager/main.js', import.meta.url))) throw new Error("dist/ is missing: 'npm run build' first")
  const scenarios = chosen(SCENARIOS, only)
  const others = chosen(OTHERS, wanted).filter((peer) => peer.installed())
  const origin = await startOrigin()
  const directory = workDirectory()
  mkdirSync(directory, { recursive: true })
  const bench: Bench = {
    setting: { origin_port: origin.port, directory, open_files: openFiles() },
    peers: [lacquer, ...others],
    rounds,
    seconds,
    say: (text) => console.error(text),
  }
  console.log(surroundings())
  const figures: Figure[] = []
  for (const scenario of scenarios) {
    figures.push(...(await scenario.run(bench)))
  }
  await origin.close()
  console.log(
    `\n${table(
      figures,
      bench.peers.map((peer) => peer.name),
    )}\n\nload average ${loadavg()[0].toFixed(2)} at the end`,
  )
}

try {
  await main()
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exit(1)
}
process.exit(0)
