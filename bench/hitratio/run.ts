import { parseArgs } from 'node:util'
import { generate, TRAFFIC } from './generate.ts'
import { REFERENCES, segmentPolicies } from './policies.ts'
import { measure, summary, table } from './results.ts'
import type { Result } from './results.ts'
import type { Layout } from './segments.ts'
import { storePolicies } from './store-policies.ts'
import { readTrace } from './trace-file.ts'
import type { Trace } from './trace.ts'

/**
 * npm run bench:hitratio: what eviction is worth. Object and byte hit ratios over generated traffic, or over a trace (its format
 * is in trace-file.ts), of known policies and of the arena's; then the real stores beside what they ought to be.
 */
const HELP = `npm run bench:hitratio -- [--trace FILE] [--only NAME] [--capacity 1,10] [--segments 256,1024] [--workers 2]
                         [--requests 500000] [--objects 200000] [--seed 7]
  --trace FILE   lines of 'time key size' instead of generated traffic
  --only NAME    traffic whose name contains this
  --capacity     per cent of the footprint
  --workers      that append, each to segments of its own`

/** Stores move real bytes: less traffic, so that it does not take long. */
const STORE_REQUESTS = 50_000
const STORE_OBJECTS = 25_000
const STORE_TRAFFIC = TRAFFIC.filter((traffic) => ['zipf 0.9, log-normal', 'zipf 0.9, pages and downloads'].includes(traffic.name))

interface Options {
  readonly trace: string | undefined
  readonly only: string
  readonly shares: readonly number[]
  readonly layouts: readonly Layout[]
  readonly requests: number
  readonly objects: number
  readonly seed: number
}

function options(): Options | undefined {
  const { values } = parseArgs({
    options: {
      trace: { type: 'string' },
      only: { type: 'string', default: '' },
      capacity: { type: 'string', default: '1,10' },
      segments: { type: 'string', default: '256,1024' },
      workers: { type: 'string', default: '2' },
      requests: { type: 'string', default: '500000' },
      objects: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '7' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [workers] = numbers('workers', values.workers)
  return {
    trace: values.trace,
    only: values.only,
    shares: numbers('capacity', values.capacity).map((share) => share / 100),
    layouts: numbers('segments', values.segments).map((segments) => ({ segments, workers })),
    requests: numbers('requests', values.requests)[0],
    objects: numbers('objects', values.objects)[0],
    seed: numbers('seed', values.seed)[0],
  }
}

function numbers(name: string, text: string): number[] {
  return text.split(',').map((part) => {
    const value = Number(part)
    if (!(value > 0)) throw new Error(`--${name}: '${part}' is not a number above 0`)
    return value
  })
}

function report(trace: Trace, results: readonly Result[]): void {
  const { keys, sizes, footprint_bytes } = trace
  console.log(`\n${trace.name}: ${keys.length} requests, ${sizes.length} objects, ${(footprint_bytes / 2 ** 20).toFixed(0)} MiB`)
  console.log(table(results))
}

function simulate({ only, shares, layouts, requests, objects, seed }: Options): void {
  const chosen = TRAFFIC.filter((one) => one.name.includes(only))
  if (chosen.length === 0) throw new Error(`--only ${only}: there is ${TRAFFIC.map((one) => `'${one.name}'`).join(', ')}`)
  const policies = [...REFERENCES, ...segmentPolicies(layouts)]
  const all = chosen.flatMap((traffic) => {
    const trace = generate(traffic, requests, objects, seed)
    const results = measure(trace, shares, policies)
    report(trace, results)
    return results
  })
  console.log(`\nIn all\n${summary(all)}`)
}

function stores({ shares, seed }: Options): void {
  for (const traffic of STORE_TRAFFIC) {
    const trace = generate(traffic, STORE_REQUESTS, STORE_OBJECTS, seed)
    report({ ...trace, name: `Stores: ${trace.name}` }, measure(trace, shares, storePolicies()))
  }
}

async function main(): Promise<void> {
  const chosen = options()
  if (chosen === undefined) return console.log(HELP)
  if (chosen.trace === undefined) {
    simulate(chosen)
    stores(chosen)
    return
  }
  const trace = await readTrace(chosen.trace)
  const results = measure(trace, chosen.shares, [...REFERENCES, ...segmentPolicies(chosen.layouts)])
  report(trace, results)
  console.log(`\nIn all\n${summary(results)}`)
}

try {
  await main()
} catch (error) {
  console.error(`bench:hitratio: ${(error as Error).message}`)
  process.exitCode = 1
}
