import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Varnishd } from '../varnishd.ts'
import { RULES } from './cases.ts'
import { type Outcomes, Player } from './player.ts'

const RECORD = new URL('recorded.json', import.meta.url)

export function recorded(): Outcomes {
  return JSON.parse(readFileSync(RECORD, 'utf8')) as Outcomes
}

/** For both. The whole body is there before it is delivered, so that all lengths are known. */
export function rulesFor(port: number): string {
  const rules = Object.entries(RULES).map(([name, text]) => `if (bereq.url ~ "^/${name}/") { ${text} }`)
  return `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }
sub vcl_recv { if (req.url ~ "^/pass/") { return (pass); } }
sub vcl_backend_response {
  set beresp.do_stream = false;
  ${rules.join('\n  ')}
  set beresp.http.X-Fetch = "[" + beresp.filters + "]";
}
sub vcl_deliver { set resp.http.X-Deliver = "[" + resp.filters + "]"; set resp.http.X-Can = req.can_gzip; }`
}

export async function askVarnish(): Promise<Outcomes> {
  const player = new Player()
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-gzip-'))
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
  const lines = Object.entries(await askVarnish()).map(([name, outcomes]) => `${JSON.stringify(name)}: ${JSON.stringify(outcomes)}`)
  writeFileSync(RECORD, `{\n${lines.join(',\n')}\n}\n`)
}
