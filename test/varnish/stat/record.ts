import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { answerOf } from '../log/ask.ts'
import { Varnishd } from '../varnishd.ts'
import { QUESTIONS, RECORDED_DIRECTORY, theirs, unpack } from './ask.ts'

/** `node test/varnish/stat/record.ts`: the counters of the installed varnishd 7.1 as it has them in its work directory, and what varnishstat prints of them, become the record. */
const home = mkdtempSync(join(tmpdir(), 'lacquer-stat-'))
try {
  const [directory, rules, copy] = ['v', 'rules.vcl', 'copy'].map((name) => join(home, name))
  writeFileSync(
    rules,
    'vcl 4.1; backend a { .host = "127.0.0.1"; .port = "1"; .probe = { .interval = 1s; } } backend b none; sub vcl_recv { if (req.url == "/b") { set req.backend_hint = b; } }',
  )
  const varnishd = await Varnishd.start(directory, rules)
  for (let i = 0; i < 3; i++) await fetch(`http://127.0.0.1:${varnishd.port}/`)
  const files: Record<string, string> = {}
  for (const set of ['_.vsm_mgt', '_.vsm_child']) {
    for (const name of readdirSync(join(directory, set))) {
      // The log and what else no counter is in is left out.
      if (!/^_\.(?:index|Stat|StatDoc|VSC_cluster|Arg)/.test(name)) continue
      files[`${set}/${name}`] = readFileSync(join(directory, set, name)).toString('base64')
    }
  }
  await varnishd.stop()
  writeFileSync(RECORDED_DIRECTORY, gzipSync(JSON.stringify(files), { level: 9 }))
  unpack(copy)
  const lines = QUESTIONS.map((options) => JSON.stringify(answerOf(options, Buffer.from(theirs(copy, options)))))
  writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
} finally {
  rmSync(home, { recursive: true })
}
