import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newCrew } from '../kit/crew.ts'
import type { ServerNews, ServerOrder } from './messages.ts'

/** The server of a churn, in a process of its own, so that its memory can be measured. Workers are ended from inside. */
const [backend_port, workers, size, kind, spare] = process.argv.slice(2)
const SAMPLE_MS = 500

const directory = mkdtempSync(join(tmpdir(), 'lacquer-churn-'))
const rules = join(directory, 'rules.vcl')
writeFileSync(
  rules,
  `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${backend_port}"; }
sub vcl_recv { if (req.method == "PURGE") { return (purge); } }
`,
)

const store = kind === 'file' ? `file,${join(directory, 'store')},${size}` : `memory,${size}`
const crew = await newCrew(Number(workers), `-f ${rules} -s ${store}`, 2 ** 28, spare === 'spare').start()
tell({ kind: 'ready', port: crew.port })

const served = (): number => crew.operations.heard.filter((line) => line.endsWith('serves again')).length
let replaced = 0
const timer = setInterval(() => {
  tell({ kind: 'sample', rss_mib: process.memoryUsage.rss() / 2 ** 20 })
  if (served() > replaced) tell({ kind: 'serves_again', lines: (replaced = served()) })
}, SAMPLE_MS)

process.on('message', (order: ServerOrder) => {
  if (order.kind === 'kill') void crew.kill(order.slot).then(() => tell({ kind: 'killed', slot: order.slot }))
  else void stop()
})
process.on('disconnect', () => process.exit())

async function stop(): Promise<void> {
  clearInterval(timer)
  const complaints = crew.operations.heard.filter((line) => !/ended unexpectedly|serves again/.test(line))
  tell({ kind: 'counts', counts: crew.counts(), complaints })
  await crew.close()
  rmSync(directory, { recursive: true })
  process.disconnect!()
}

function tell(news: ServerNews): void {
  process.send?.(news)
}
