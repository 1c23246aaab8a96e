import * as fc from 'fast-check'
import { parseArgs } from 'node:util'
import { EXAMPLES } from './examples.ts'
import { Opinions } from './opinions.ts'
import { play } from './play.ts'
import { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

/** Scenarios of one proxy: its clock goes on by hours with each. */
const PER_PROXY = 2000

/** npm run model -- --seconds N --seed N: the property for as long as one likes, each round from another seed. */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } } })
const until_ms = performance.now() + Number(values.seconds) * 1000
const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const opinions = new Opinions()
const ways = new Map<string, number>()
let scenarios = 0

for (let seed = first; performance.now() < until_ms; seed++) {
  const rig = await Rig.start()
  const property = fc.asyncProperty(scenario, async (steps) => {
    for (const way of (await play(rig, steps, opinions.witness)).ways) ways.set(way, (ways.get(way) ?? 0) + 1)
  })
  const left_ms = Math.max(1000, until_ms - performance.now())
  const found = await fc.check(property, { seed, numRuns: PER_PROXY, examples: EXAMPLES, interruptAfterTimeLimit: left_ms })
  await rig.close()
  scenarios += found.numRuns
  if (!found.failed || found.counterexample === null) continue
  console.error(`seed ${seed}, path ${found.counterexamplePath}:\n${String(found.errorInstance)}\n${JSON.stringify(found.counterexample)}`)
  process.exitCode = 1
  break
}

const counts = [...ways].map(([way, count]) => `${way} ${count}`).join(', ')
console.log(`${scenarios} scenarios from seed ${first}: ${counts}; http-cache-semantics agreed ${opinions.agreed} times`)
