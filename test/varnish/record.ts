import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CASES } from './cases.ts'
import { Player, type Outcome } from './player.ts'
import { Varnishd } from './varnishd.ts'

const RECORD = fileURLToPath(new URL('recorded.json', import.meta.url))

/** By name of the case: what varnishd did, request by request. */
export type Recorded = Readonly<Record<string, readonly Outcome[]>>

export function recorded(): Recorded {
  return JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded
}

/** rules.vcl with the origin's port, in a directory of its own; `over` when it has been used. */
export function rulesFor(port: number): { directory: string; rules: string; over: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-varnish-'))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(rules, readFileSync(new URL('rules.vcl', import.meta.url), 'utf8').replace('@PORT@', String(port)))
  return { directory, rules, over: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Plays all cases to varnishd. */
export async function askVarnish(): Promise<Recorded> {
  const player = new Player()
  const { directory, rules, over } = rulesFor(await player.listen())
  const varnishd = await Varnishd.start(directory, rules)
  try {
    const outcomes = await player.play(varnishd.port)
    return Object.fromEntries(CASES.map(({ name }, i) => [name, outcomes[i]]))
  } finally {
    await varnishd.stop()
    player.close()
    over()
  }
}

/** npm run varnish:record: what the installed varnishd does becomes the record. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await askVarnish()
  const lines = Object.entries(found).map(([name, outcomes]) => `${JSON.stringify(name)}: ${JSON.stringify(outcomes)}`)
  writeFileSync(RECORD, `{\n${lines.join(',\n')}\n}\n`)
}
