import { compileVcl } from '../../../src/vcl/load.ts'
import { parseVcl } from '../../../src/vcl/parse.ts'
import { instantiateVcl } from '../../../src/vcl/instantiate.ts'
import type { VclHost } from '../../../src/vcl/runtime/context.ts'
import { generatedRules } from './rules.ts'

/**
 * What loading a rule file costs, cold (the first of this process, other than the small built-in rules) and warm (the median of the
 * rest): parsing, all that the manager does (parse, check, emit), and what each worker does (run what was emitted).
 *
 *   node bench/micro/vcl/load.ts [lines] [rounds]
 */
const LINES = Number(process.argv[2] ?? 1500)
const ROUNDS = Number(process.argv[3] ?? 31)

const host = {
  backend: ({ name }) => ({ name, healthy: true }),
  vcl_path: [],
  hostname: 'bench',
  identity: 'bench',
  ban: () => undefined,
  param: () => 0,
} as Partial<VclHost> as VclHost

/** CPU time of this thread: who else is on the machine does not matter. */
function timed<T>(work: () => T): [number, T] {
  const before = process.threadCpuUsage()
  const result = work()
  const { user, system } = process.threadCpuUsage(before)
  return [(user + system) / 1000, result]
}

const text = generatedRules(LINES)
const tables: Record<'compile' | 'instantiate' | 'parse', number[]> = { compile: [], instantiate: [], parse: [] }
for (let round = 0; round < ROUNDS; round++) {
  const [compile_ms, compiled] = timed(() => compileVcl(text, { path: 'bench.vcl', policy: 'rfc9111', vcl_path: [] }))
  if (!compiled.ok) throw new Error(compiled.text)
  tables.compile.push(compile_ms)
  tables.instantiate.push(timed(() => instantiateVcl(compiled.program.image, host))[0])
  // Last, so that the first compilation is cold.
  tables.parse.push(timed(() => parseVcl(text, 'bench.vcl'))[0])
}

console.log(`${text.split('\n').length} lines, ${text.length} bytes; milliseconds of CPU time`)
for (const [name, [cold, ...warm]] of Object.entries(tables)) {
  warm.sort((a, b) => a - b)
  console.log(`${name.padEnd(12)} cold ${cold.toFixed(1)}  warm ${warm[warm.length >> 1].toFixed(1)} (least ${warm[0].toFixed(1)})`)
}
