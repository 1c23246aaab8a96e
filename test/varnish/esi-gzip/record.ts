import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Varnishd } from '../varnishd.ts'
import { type Given, rulesFor, type SitePage, SitePlayer, sites } from './site.ts'

const RECORD = new URL('recorded.json', import.meta.url)

/** What clients of varnishd 7.1 were given: by page and ask. */
export function recorded(): Given[][] {
  return JSON.parse(readFileSync(RECORD, 'utf8')) as Given[][]
}

export async function askVarnish(pages: readonly SitePage[]): Promise<Given[][]> {
  const player = new SitePlayer(pages)
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-esi-gzip-'))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(rules, rulesFor(await player.listen()))
  const varnishd = await Varnishd.start(directory, rules)
  try {
    return await player.play(varnishd.port)
  } finally {
    await varnishd.stop()
    player.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = await askVarnish(sites())
  writeFileSync(RECORD, `[\n${given.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
}
