import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'
import { hits, SMALL } from './lateness.ts'
import { start, stop } from './processes.ts'

/**
 * What a large body costs on its way through do_gzip, and a bomb on its way to a client that takes no gzip: memory of the process, beyond
 * what its store holds, and how late hits are meanwhile.
 *
 *   node bench/load/compression.ts [MiB]
 */
const MIB = 1024 * 1024
const SIZE_MIB = Number(process.argv[2] ?? 1024)
const STORE_MIB = 16
const PAGE = Buffer.from(Array.from({ length: 4096 }, (_, i) => `<li id="${Math.imul(i, 2654435761)}">item ${i}</li>\n`).join(''))
const IDLE_MS = 3000
const WATCH_EVERY_MS = 50

async function bombOf(mib: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  const zip = createGzip({ level: 9 }).on('data', (piece: Buffer) => pieces.push(piece))
  for (let i = 0; i < mib; i++) if (!zip.write(Buffer.alloc(MIB))) await once(zip, 'drain')
  zip.end()
  await once(zip, 'end')
  return Buffer.concat(pieces)
}

const bomb = await bombOf(SIZE_MIB)
const origin = createServer((req, res) => {
  res.setHeader('Cache-Control', 'max-age=1000')
  if (req.url === '/small') return res.end(SMALL)
  if (req.url === '/bomb') return res.setHeader('Content-Encoding', 'gzip').end(bomb)
  let left = SIZE_MIB * MIB
  const more = (): void => {
    while (left > 0) {
      left -= PAGE.length
      if (!res.write(PAGE)) return void res.once('drain', more)
    }
    res.end()
  }
  more()
  return res
})
origin.listen(0, '127.0.0.1')
await once(origin, 'listening')
const rules = join(tmpdir(), `lacquer-compression-${process.pid}.vcl`)
const { port: originPort } = origin.address() as AddressInfo
const backend = `backend default { .host = "127.0.0.1"; .port = "${originPort}"; }`
writeFileSync(rules, `vcl 4.1; ${backend} sub vcl_backend_response { set beresp.do_gzip = true; }`)
const flags = ['serve', '-a', '127.0.0.1:0', '-f', rules, '-s', `memory,${STORE_MIB}M`, '-w', '1', '-p', 'policy=varnish']
const server = start('any', new URL('../../bin/lacquer', import.meta.url).pathname, flags)

async function portOf(): Promise<number> {
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (data: Buffer) => (said += data.toString()))
  for (;;) {
    const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1]
    if (port !== undefined) return Number(port)
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS))
  }
}

const port = await portOf()

function resident_mib(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'latin1'))?.[1]) / 1024
}

function download(path: string, lines: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let got = 0
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n${lines}\r\n`)
    socket.on('data', (data) => (got += data.length))
    socket.on('close', () => resolve(got)).on('error', reject)
  })
}

function shown(took: readonly number[]): string {
  const at = (share: number): string => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(2)
  return `hits p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${took.length}`
}

async function measured(what: string, work: () => Promise<unknown>): Promise<void> {
  const before = resident_mib()
  let most = before
  let over = false
  const watch = setInterval(() => (most = Math.max(most, resident_mib())), WATCH_EVERY_MS)
  const begun = performance.now()
  const meanwhile = hits(port, () => !over)
  await work()
  over = true
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${what}: ${seconds} s, ${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most; ${shown(await meanwhile)}`)
  clearInterval(watch)
}

await download('/small', '')
await measured('idle', () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)))
await measured(`${SIZE_MIB} MiB through do_gzip`, () => download('/large', 'Accept-Encoding: gzip\r\n'))
await measured(`${bomb.length} bytes of gzip, ${SIZE_MIB} MiB to the client`, () => download('/bomb', ''))
await measured('the same once more, stored', () => download('/bomb', ''))
await stop(server)
origin.close()
origin.closeAllConnections()
