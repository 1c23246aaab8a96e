import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { load } from './generator.ts'
import { startServe } from './peers/lacquer.ts'
import { freePort, type Running } from './peers/peer.ts'
import { cpu_us, listening, SERVER_CORE, start, stop } from './processes.ts'

/**
 * Bodies on their way, beside varnishd with the same rules: a page of ten cached fragments of 1 KiB (ESI); the same as gzip, of fragments that
 * are gzip and of such that are not; and a page of 20 KiB that is stored as gzip and wanted without; CPU microseconds per request, interleaved. And how long ten fragments take of which each costs the
 * origin 50 ms. The load on the other core.
 *
 *   npm run build && node bench/load/pages.ts [rounds]
 */
const ROUNDS = Number(process.argv[2] ?? 5)
const SECONDS = 2
const FRAGMENTS = 10
const FRAGMENT = 'x'.repeat(1024)
const SLOW_MS = 50
const TEXT = Array.from({ length: 20 * 16 }, (_, i) => `<li id="${Math.imul(i, 2654435761) >>> 0}">number ${i} of the list</li>\n`).join('')

function pageOf(prefix: string): string {
  return `<html>${Array.from({ length: FRAGMENTS }, (_, i) => `<esi:include src="/${prefix}/${i}"/>`).join('\n')}</html>`
}

const origin = createServer((request, response) => {
  const url = request.url ?? ''
  response.setHeader('Cache-Control', 'max-age=3600')
  if (url.startsWith('/page/zip')) return response.end(pageOf('zip'))
  if (url.startsWith('/page/mixed/zip')) return response.end(pageOf('fragment'))
  if (url.startsWith('/zip/')) return response.setHeader('Content-Encoding', 'gzip').end(gzipSync(TEXT.slice(0, 1024)))
  if (url.startsWith('/page')) return response.end(pageOf('fragment'))
  if (url.startsWith('/slow-page')) return response.end(pageOf(`slow/${url.slice(1)}`))
  if (url.startsWith('/slow/')) return setTimeout(() => response.end(FRAGMENT), SLOW_MS)
  if (url.startsWith('/zipped')) return response.setHeader('Content-Encoding', 'gzip').end(gzipSync(TEXT))
  return response.end(FRAGMENT)
})
await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve))
const origin_port = (origin.address() as AddressInfo).port
const directory = mkdtempSync(join(tmpdir(), 'lacquer-pages-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const rules = join(directory, 'rules.vcl')
writeFileSync(
  rules,
  `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${origin_port}"; }
sub vcl_backend_response { set beresp.do_esi = bereq.url ~ "page"; set beresp.do_gzip = bereq.url ~ "^/page/.*zip"; }`,
)

async function startVarnish(): Promise<Running> {
  const port = await freePort()
  const flags = [
    '-F',
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    rules,
    '-s',
    'malloc,256M',
    '-T',
    'none',
    '-j',
    'none',
    '-n',
    join(directory, 'varnish'),
  ]
  const child = start(SERVER_CORE, 'varnishd', [...flags, '-p', 'thread_pools=1', '-p', 'timeout_idle=300'])
  await listening(port, child, 20_000)
  return { child, port }
}

function fetched(port: number, path: string): Promise<number> {
  const began_ms = performance.now()
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path }, (response) => {
      response.resume()
      response.on('end', () => resolve(performance.now() - began_ms)).on('error', reject)
    }).on('error', reject)
  })
}

const lacquer = await startServe(['-f', rules, '-w', '1', '-s', 'memory,256M', '-p', 'policy=varnish', '-p', 'timeout_idle=300'])
const peers = new Map<string, Running>([
  ['lacquer', lacquer],
  ['varnish', await startVarnish()],
])
const plan = (port: number, path: string, field: string) => ({
  port,
  path,
  field,
  unique: false,
  connections: 64,
  seconds: SECONDS,
  directory,
})
const GZIP = 'Accept-Encoding: gzip'
const PLAIN = 'Accept-Encoding: identity'
/** Pages, and what their clients take. */
const CASES: readonly (readonly [path: string, field: string])[] = [
  ['/page', PLAIN],
  ['/page/zip', GZIP],
  ['/page/mixed/zip', GZIP],
  ['/page/zip', PLAIN],
  ['/zipped', PLAIN],
]

for (const [path, field] of CASES) {
  const costs = new Map<string, number[]>()
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, { port, child }] of peers) {
      const before = cpu_us(child.pid ?? 0)
      const { requests, errors } = await load(plan(port, path, field))
      if (errors > 0) throw new Error(`${name}: ${errors} errors`)
      // The first two are for the compilers.
      if (round >= 0) costs.set(name, [...(costs.get(name) ?? []), (cpu_us(child.pid ?? 0) - before) / requests])
    }
  }
  for (const [name, list] of costs) {
    const sorted = list.toSorted((a, b) => a - b)
    console.log(
      `${path} (${field}) ${name}: ${sorted[sorted.length >> 1].toFixed(1)} us CPU/request (${list.map((one) => one.toFixed(1)).join(' ')})`,
    )
  }
}
for (const [name, { port }] of peers) {
  const took = []
  for (let i = 0; i < ROUNDS; i++) took.push(await fetched(port, `/slow-page-${name}-${i}`))
  console.log(`ten fragments of ${SLOW_MS} ms, ${name}: ${took.map((ms) => ms.toFixed(0)).join(' ')} ms`)
}
for (const { child } of peers.values()) await stop(child)
process.exit(0)
