import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Threads and processes that tests start load src/ from here, stripped and compiled: a third of the time.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url))

/** Modules of src/ that have many short tests. */
const MODULES = 'base,cache,config,counters,explain,flow,http,kit,listen,log,origin,policy,ruletest,tools,upkeep,vcl,worker'
/**
 * Their files follow one another in a process, with the modules that are loaded: else to load them took as long as many of them run. They change nothing
 * that outlives them.
 */
const TOGETHER = [
  'test/conversations/*.test.ts',
  'test/conversations/{log,vmods}/*.test.ts',
  'test/vcl/**/*.test.ts',
  `test/unit/{${MODULES}}/**/*.test.ts`,
]
/** What replaces modules: only for these does Vitest put itself between Node and what it loads. */
const REPLACING = [
  'test/unit/cache/bans/pattern.test.ts',
  'test/unit/flow/recoding/no-thread.test.ts',
  'test/unit/manager/without-koffi.test.ts',
]
const CHURN = ['test/churn/*.test.ts']
/** In a process of its own: what replaces modules, sets the time zone or V8's flags, keeps files until its process ends, or takes long. */
const ALONE = [
  ...REPLACING,
  'test/conversations/{cold,examples,file-and-memory,file-store,log-tool,partial-file,privacy-crowd,purge-api,query,reloads}.test.ts',
  'test/unit/counters/vital-metrics.test.ts',
  'test/unit/flow/filters/conversion.test.ts',
  'test/unit/log/formats/*.test.ts',
  'test/vcl/portions.test.ts',
]
const together = globSync(TOGETHER, { cwd: fileURLToPath(new URL('..', import.meta.url)), exclude: ALONE })

/** So many processes follow one another: the memory of a store is given back with its process, and two of them alone came to seven gigabytes each. */
const BATCHES = 6
const batches = Array.from({ length: BATCHES }, (_, n) => together.filter((_path, i) => i % BATCHES === n))

export default defineConfig({
  test: {
    testTimeout: 20_000,
    pool: 'forks',
    maxWorkers: 2,
    // Node itself loads and strips TypeScript, as in production, and keeps what it compiled: Vite's runner took a tenth of the run to do so.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      ...batches.map((include, n) => ({ extends: true, test: { name: `together ${n + 1}`, include, isolate: false } }) as const),
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: [...together, ...REPLACING, ...CHURN] } },
      { extends: true, test: { name: 'replacing', include: REPLACING, experimental: { viteModuleRunner: false, nodeLoader: true } } },
      // Projects are tested in the order of their names: what this one looks at takes a minute, and has begun before the first of them.
      { extends: true, test: { name: 'while others run', include: CHURN, globalSetup: 'test/churn/begin.ts' } },
    ],
  },
})
