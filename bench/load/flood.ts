import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hitsFor, SMALL } from './lateness.ts'
import { startServe } from './peers/lacquer.ts'
import { stop } from './processes.ts'

/**
 * How late hits of 1 KiB are beside a flood of ESI: a page of ten thousand includes, each a page of three hundred (`max_esi_includes` leaves out all but a
 * thousand), all of it cached, asked for again and again by several clients, on one worker. As it is, stored as gzip, and as gzip for clients without it.
 *
 *   npm run build && node bench/load/flood.ts [seconds] [clients]
 */
const SECONDS = Number(process.argv[2] ?? 4)
const CLIENTS = Number(process.argv[3] ?? 1)
const PAGE = '<esi:include src="SRC"/>'
const ROW = Array.from({ length: 40 }, (_, i) => `<li>${Math.imul(i, 2654435761)}</li>`).join('')

const origin = createServer((request, response) => {
  const url = request.url ?? ''
  response.setHeader('Cache-Control', 'max-age=3600').setHeader('Content-Type', 'text/html')
  const [, kind, what] = url.split(/[/?]/)
  if (what === 'flood') return response.end(PAGE.replace('SRC', `/${kind}/page`).repeat(10_000))
  if (what === 'page') return response.end((PAGE.replace('SRC', `/${kind}/page?again`) + (kind === 'zip' ? ROW : '')).repeat(300))
  return response.end(SMALL)
})
await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve))
const directory = mkdtempSync(join(tmpdir(), 'lacquer-flood-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const rules = join(directory, 'rules.vcl')
writeFileSync(
  rules,
  `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${(origin.address() as AddressInfo).port}"; }
sub vcl_backend_response { set beresp.do_esi = bereq.url ~ "^/(plain|zip)/"; set beresp.do_gzip = bereq.url ~ "^/zip/"; }`,
)
const { child, port } = await startServe(['-f', rules, '-w', '1', '-s', 'memory,256M', '-p', 'policy=varnish'], 'any')

/** Milliseconds until it was there. */
function fetched(path: string, coding: string): Promise<number> {
  const begun_ms = performance.now()
  return new Promise((resolve, reject) => {
    const asked = get({ port, host: '127.0.0.1', path, headers: { 'Accept-Encoding': coding }, agent: false }, (response) => {
      response.resume().on('close', () => resolve(performance.now() - begun_ms))
    })
    asked.on('error', reject)
  })
}

async function late(): Promise<string> {
  const sorted = await hitsFor(port, SECONDS)
  const at = (part: number): string => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(2)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)}, most ${at(1)}, of ${sorted.length}`
}

await late()
console.log(`idle: ${await late()}`)
for (const [path, coding] of [
  ['/plain/flood', 'identity'],
  ['/zip/flood', 'gzip'],
  ['/zip/flood', 'identity'],
]) {
  const over_ms = performance.now() + SECONDS * 1000
  const took: number[] = []
  const loops = Array.from({ length: CLIENTS }, async () => {
    while (performance.now() < over_ms) took.push(await fetched(path, coding))
  })
  const beside = await late()
  await Promise.all(loops)
  const sorted = took.toSorted((a, b) => a - b)
  console.log(`beside ${path} (${coding}): ${beside}; ${took.length} pages, median ${sorted[sorted.length >> 1].toFixed(0)} ms`)
}
await stop(child)
process.exit(0)
