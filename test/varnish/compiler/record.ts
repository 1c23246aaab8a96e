import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { VarnishCompiler } from './compiler.ts'
import { SEEN } from './seen.ts'
import { programs, textOf, type Program } from './generate.ts'

export const RECORD = new URL('recorded.json', import.meta.url)

/** Version, body, and whether varnishd 7.1 accepts it. */
export type Verdict = readonly [version: Program['version'], body: string, accepted: boolean]

/** The seed and the number of those that are recorded; others are for `node test/varnish/compiler/compare.ts SEED COUNT`. */
const SEED = 1
const COUNT = 2000

/** npm run varnish:record: what the compiler of the installed varnishd says becomes the record. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const compiler = await VarnishCompiler.start()
  const lines: string[] = []
  for (const program of [...programs(SEED, COUNT), ...SEEN.map((body): Program => ({ version: '4.1', body }))]) {
    const { accepted } = await compiler.accepts(textOf(program))
    lines.push(JSON.stringify([program.version, program.body, accepted] satisfies Verdict))
  }
  await compiler.stop()
  writeFileSync(RECORD, `[\n${lines.join(',\n')}\n]\n`)
}
