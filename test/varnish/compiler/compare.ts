import { compileVcl, type Compiled } from '../../../src/vcl/load.ts'
import { VarnishCompiler } from './compiler.ts'
import { different } from './different.ts'
import { programs, textOf, type Program } from './generate.ts'

export function compileOurs(program: Program): Compiled {
  return compileVcl(textOf(program), {
    path: 'generated.vcl',
    policy: 'varnish',
    vcl_path: [],
    resolveHost: () => [],
    stores: ['s0', 'Transient'],
  })
}

/** node test/varnish/compiler/compare.ts SEED COUNT: programs about which the installed varnishd and we differ. */
if (import.meta.main) {
  const [seed, count] = process.argv.slice(2).map(Number)
  const compiler = await VarnishCompiler.start()
  const total = { accepted: 0, differ: 0, on_purpose: 0 }
  for (const program of programs(seed, count)) {
    const { accepted, said } = await compiler.accepts(textOf(program))
    const ours = compileOurs(program)
    if (accepted) total.accepted++
    if (accepted === ours.ok) continue
    if (different(program, accepted, ours) !== undefined) {
      total.on_purpose++
      continue
    }
    total.differ++
    console.log(`${accepted ? 'only varnishd accepts' : 'only we accept'} (${program.version}): ${program.body}`)
    console.log(accepted ? ours.text : said.split('\n').slice(1, 3).join(' '))
  }
  await compiler.stop()
  console.log(total)
}
