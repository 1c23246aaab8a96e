/**
 * Runs http-cache-tests (the public suite behind cache-tests.fyi) against the built server and prints its score.
 *
 *   npm run conformance                        the score and what did not pass
 *   npm run conformance -- --floor             exit 1 if the score is below floor.json, or too many tests passed only when run again
 *   npm run conformance -- --id other-age-gen  one test, with both sides' messages
 *   npm run conformance -- --origin-port 8000 --base http://127.0.0.1:6081
 *                                              another proxy that is running already in front of that origin port
 */
import { parseArgs } from 'node:util'
import { AGAIN_MAX, passingAgain } from './again.ts'
import { startProxy, type Proxy } from './proxy.ts'
import { readFloor } from './document.ts'
import { LATER } from './later/all.ts'
import { Later } from './later/engine.ts'
import { OUTCOME } from './outcome.ts'
import { hasFailed, judge, mended, report, reportAgain, scoreOf, type Judged } from './score.ts'
import { loadSuites, runSuites, startOrigin, type CacheTest, type Suite } from './suite.ts'

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

function picked(suites: Suite[], wanted: (test: CacheTest) => boolean): Suite[] {
  return suites.map((suite) => ({ ...suite, tests: suite.tests.filter(wanted) })).filter(({ tests }) => tests.length > 0)
}

/** One test only, told to dump its messages. */
function only(suites: Suite[], id: string): Suite[] {
  const found = picked(suites, (test) => test.id === id)
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
    const results = await quietly(() => runSuites(suites, base))
    const first = judge(suites, results)
    // Of one test alone every message is shown: once is enough.
    if (options.id !== undefined) return first
    // Not those whose fault is that of a test they depend on.
    const failed = new Set(first.filter((test) => hasFailed(test) && results[test.id] !== true).map(({ id }) => id))
    const passed = await passingAgain(failed, async (ids) => {
      const again = await quietly(() =>
        runSuites(
          picked(suites, ({ id }) => ids.has(id)),
          base,
        ),
      )
      return new Set([...ids].filter((id) => again[id] === true))
    })
    for (const id of passed) results[id] = true
    return mended(first, judge(suites, results), passed)
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
    return await later.run(proxy.base)
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

/** True when no more had to run again than a busy machine explains. */
function fewAgain(judged: Judged[]): boolean {
  const count = judged.filter(({ first }) => first !== undefined).length
  if (count > AGAIN_MAX) print(`${count} passed only when run again, more than the ${AGAIN_MAX} of test/conformance/again.ts`)
  return count <= AGAIN_MAX
}

function figures(judged: Judged[]): string {
  const [required, optimal, check] = (['required', 'optimal', 'check'] as const).map((kind) => {
    const { passed, total } = scoreOf(judged, kind)
    return `${passed}/${total}`
  })
  return `required ${required}, optional ${optimal}, informative ${check} yes`
}

const suites = options.id === undefined ? await loadSuites() : only(await loadSuites(), options.id)
// Of one test, or of another proxy, only that is wanted.
const both = options.id === undefined && options.base === undefined
const [judged, later] = await Promise.all([measure(suites), both ? measureLater() : []])
print(...report(judged), ...report(later), ...reportAgain([...judged, ...later]), '')
if (later.length > 0) print(`later editions: ${figures(later)}`)
const excepted = judged.filter((test) => test.outcome === OUTCOME.excepted).length
print(`conformance: ${figures(judged)}; ${excepted} not passed because the RFC says otherwise`)
if (options.floor) {
  const holds = [
    aboveFloor('npm edition', judged, FLOOR),
    aboveFloor('later editions', later, FLOOR.later),
    fewAgain([...judged, ...later]),
  ]
  if (holds.includes(false)) process.exitCode = 1
}
