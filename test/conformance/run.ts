/**
 * Runs http-cache-tests (the public suite behind cache-tests.fyi) against the built server and prints its score.
 *
 *   npm run conformance                        the score and what did not pass
 *   npm run conformance -- --floor             exit 1 if the score is below floor.json
 *   npm run conformance -- --id other-age-gen  one test, with both sides' messages
 *   npm run conformance -- --origin-port 8000 --base http://127.0.0.1:6081
 *                                              another proxy that is running already in front of that origin port
 */
import { parseArgs } from 'node:util'
import { startProxy, type Proxy } from './proxy.ts'
import { readFloor } from './document.ts'
import { LATER } from './later/all.ts'
import { Later } from './later/engine.ts'
import { OUTCOME, type Outcome } from './outcome.ts'
import { judge, report, scoreOf, type Judged } from './score.ts'
import { loadSuites, runSuites, startOrigin, type Suite } from './suite.ts'

const { values: options } = parseArgs({
  options: {
    floor: { type: 'boolean', default: false },
    id: { type: 'string' },
    base: { type: 'string' },
    'origin-port': { type: 'string', default: '0' },
  },
})

function print(...lines: string[]): void {
  process.stdout.write(lines.join('\n') + '\n')
}

const RETRIES = 2

/** Those that count, and have neither passed nor been excepted. */
function failedOf(suites: Suite[], judged: Judged[]): Suite[] {
  const failed = new Set(judged.filter(({ kind, outcome }) => kind !== 'check' && !SETTLED.has(outcome)).map(({ id }) => id))
  return suites
    .map((suite) => ({ ...suite, tests: suite.tests.filter(({ id }) => failed.has(id)) }))
    .filter(({ tests }) => tests.length > 0)
}

const SETTLED: ReadonlySet<Outcome> = new Set<Outcome>([OUTCOME.pass, OUTCOME.excepted])

/** One test only, told to dump its messages. */
function only(suites: Suite[], id: string): Suite[] {
  const picked = suites.map((suite) => ({ ...suite, tests: suite.tests.filter((test) => test.id === id) }))
  const found = picked.filter((suite) => suite.tests.length > 0)
  if (found.length === 0) throw new Error(`no test has the id ${id}`)
  for (const test of found[0].tests) test.dump = true
  return found
}

/** The package's origin reports every odd request on the console: expected here, and only in the way. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const log = console.log
  if (options.id === undefined) console.log = () => {}
  try {
    return await work()
  } finally {
    console.log = log
  }
}

async function measure(suites: Suite[]): Promise<Judged[]> {
  const origin = await startOrigin(Number(options['origin-port']))
  let proxy: Proxy | undefined
  try {
    if (options.base === undefined) proxy = await startProxy(origin.port)
    const base = options.base ?? proxy?.base ?? ''
    let results = await quietly(() => runSuites(suites, base))
    // On a busy machine an answer may come a second late, and say so in its Age: fewer at once will tell.
    for (let i = 0; i < RETRIES; i++) {
      const again = failedOf(suites, judge(suites, results))
      if (again.length > 0) results = { ...results, ...(await quietly(() => runSuites(again, base))) }
    }
    return judge(suites, results)
  } finally {
    await proxy?.stop()
    origin.server.close()
    origin.server.closeAllConnections()
  }
}

/** What later editions ask for, against a proxy of its own. */
async function measureLater(): Promise<Judged[]> {
  const later = new Later(LATER)
  const port = await later.listen()
  let proxy: Proxy | undefined
  try {
    proxy = await startProxy(port)
    return await later.again(await later.run(proxy.base), proxy.base)
  } finally {
    await proxy?.stop()
    later.server.close()
    later.server.closeAllConnections()
  }
}

const FLOOR = readFloor()

/** True when the score is at or above floor.json. */
function aboveFloor(of: string, judged: Judged[], floor: { required: number; optimal: number }): boolean {
  let holds = true
  for (const kind of ['required', 'optimal'] as const) {
    const { passed } = scoreOf(judged, kind)
    if (passed > floor[kind])
      print(`${of}, ${kind}: ${passed} is above the floor of ${floor[kind]}: raise it in test/conformance/floor.json`)
    if (passed < floor[kind]) print(`${of}, ${kind}: ${passed} is below the floor of ${floor[kind]} (test/conformance/floor.json)`)
    holds &&= passed >= floor[kind]
  }
  return holds
}

function figures(judged: Judged[]): string {
  const [required, optimal, check] = (['required', 'optimal', 'check'] as const).map((kind) => {
    const { passed, total } = scoreOf(judged, kind)
    return `${passed}/${total}`
  })
  return `required ${required}, optional ${optimal}, informative ${check} yes`
}

const suites = options.id === undefined ? await loadSuites() : only(await loadSuites(), options.id)
const judged = await measure(suites)
// Of one test, or of another proxy, only that is wanted.
const later = options.id === undefined && options.base === undefined ? await measureLater() : []
print(...report(judged), ...report(later), '')
if (later.length > 0) print(`later editions: ${figures(later)}`)
const excepted = judged.filter((test) => test.outcome === OUTCOME.excepted).length
print(`conformance: ${figures(judged)}; ${excepted} not passed because the RFC says otherwise`)
if (options.floor && !(aboveFloor('npm edition', judged, FLOOR) && aboveFloor('later editions', later, FLOOR.later))) process.exitCode = 1
