import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Varnishd } from '../varnishd.ts'
import { type Entry, scenariosIn } from './lines.ts'
import { play, startOrigin } from './play.ts'
import { SCENARIOS } from './scenarios.ts'

const RECORD = fileURLToPath(new URL('recorded.json', import.meta.url))
/** What the log has besides the default: masked tags whose records we write, too. */
export const MASK = '+Hash,+ObjHeader,+ObjProtocol,+ObjStatus,+ObjReason,+VfpAcct,+VdpAcct'

export function recorded(): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, string[]>
}

export function rulesFor(port: number): string {
  return readFileSync(new URL('rules.vcl', import.meta.url), 'utf8').replace('@PORT@', String(port))
}

/** Lines of varnishlog -g raw. */
function entries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const found = /^ *(\d+) (\S+) +[cb-] ?(.*)$/.exec(line)
    return found === null ? [] : [{ xid: Number(found[1]), tag: found[2], text: found[3] }]
  })
}

/** node test/varnish/records/record.ts: what the installed varnishd writes becomes the record. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-records-'))
  const rules = join(directory, 'rules.vcl')
  const origin = await startOrigin()
  writeFileSync(rules, rulesFor(origin.port))
  const varnishd = await Varnishd.start(directory, rules)
  const admin = (...words: string[]): void => void spawnSync('varnishadm', ['-n', directory, ...words])
  admin('param.set', 'vsl_mask', MASK)
  admin('param.set', 'feature', '+esi_disable_xml_check')
  await play(varnishd.port, () => sleep(150))
  await sleep(500)
  const { stdout } = spawnSync('varnishlog', ['-n', directory, '-d', '-g', 'raw'], { encoding: 'latin1', maxBuffer: 2 ** 28 })
  await varnishd.stop()
  origin.close()
  rmSync(directory, { recursive: true })
  const found = scenariosIn(entries(stdout))
  const lines = SCENARIOS.map(({ name }, i) => `${JSON.stringify(name)}: ${JSON.stringify(found[i])}`)
  writeFileSync(RECORD, `{\n${lines.join(',\n')}\n}\n`)
}
