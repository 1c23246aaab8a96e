import { parseArgs } from 'node:util'
import { meet } from './crew.ts'

const REQUESTS = 20_000

/** npm run privacy -- --seconds N --seed N: one crowd after another, under either policy, until somebody sees what is not for him. */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } } })
const until_ms = performance.now() + Number(values.seconds) * 1000
const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
let requests = 0
let shared = 0

for (let seed = first; performance.now() < until_ms && process.exitCode === undefined; seed++) {
  const met = await meet(seed % 4 === 3 ? 'varnish' : 'rfc9111', seed, REQUESTS)
  requests += REQUESTS
  shared += met.shared
  if (met.wrongs.length === 0) continue
  console.error(`seed ${seed}:\n${met.wrongs.join('\n')}`)
  process.exitCode = 1
}

console.log(`${requests} requests from seed ${first}: ${shared} secrets seen by others, as allowed`)
