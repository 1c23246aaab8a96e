import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hitsFor, SMALL } from './lateness.ts'
import { startServe } from './peers/lacquer.ts'
import { stop } from './processes.ts'

/**
 * How late hits of 1 KiB are while large bodies are compressed, and while copies are made in other codings: rounds of each, one after the
 * other, on one worker. The origin and who downloads are a process of their own, which takes what processor is left. What of it is the machine's, or
 * ours who ask, and not Lacquer's is told by a process that does nothing but answer, asked beside the same loads. Medians of the rounds, and lower quartiles:
 * those of a machine that others use are the rounds in which they let it.
 *
 *   npm run build && node bench/load/stalls.ts [rounds]
 */
const SECONDS = 1
const LARGE_MIB = 256
const COPIED_BYTES = 512 * 1024
const KINDS = ['idle', 'gzip', 'recode'] as const
type Kind = (typeof KINDS)[number]
const WHO = ['lacquer', 'bare'] as const
type Who = (typeof WHO)[number]

if (process.send === undefined) await measure(Number(process.argv[2] ?? 15))
else if (process.argv[2] === 'bare') answerBare((port) => process.send?.(port))
else await serve((message) => process.send?.(message))

/** One write for each read, of what Lacquer would send. */
function answerBare(tell: (port: number) => void): void {
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${SMALL.length}\r\n\r\n${SMALL}`)
  const bare = createTcpServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(answer)).on('error', () => {})
  })
  bare.listen(0, '127.0.0.1', () => tell((bare.address() as AddressInfo).port))
}

/** The origin, and on a message the load of that kind until the next one. */
async function serve(tell: (port: number) => void): Promise<void> {
  const page = Buffer.from(Array.from({ length: 4096 }, (_, i) => `<li id="${Math.imul(i, 2654435761)}">item ${i}</li>\n`).join(''))
  const origin = createServer((request, response) => {
    response.setHeader('Cache-Control', 'max-age=1000')
    const url = request.url ?? ''
    if (url.startsWith('/small')) return response.end(SMALL)
    response.setHeader('Content-Type', 'text/html')
    if (url.startsWith('/copied')) return response.end(`${url}${page.toString().repeat(8).slice(0, COPIED_BYTES)}`)
    let left = LARGE_MIB * 1024 * 1024
    const more = (): void => {
      while (left > 0) {
        left -= page.length
        if (!response.write(page)) return void response.once('drain', more)
      }
      response.end()
    }
    return more()
  })
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve))
  tell((origin.address() as AddressInfo).port)
  let kind: Kind = 'idle'
  let end = (): void => {}
  let n = 0
  process.on('message', ([next, port]: [Kind, number]) => {
    kind = next
    end()
    end = () => {}
    if (kind === 'gzip') {
      const large = get(
        { port, host: '127.0.0.1', path: `/large/${n++}`, headers: { 'Accept-Encoding': 'gzip' } },
        (got) => void got.resume(),
      )
      large.on('error', () => {})
      end = () => large.destroy()
    }
    if (kind === 'recode') void popular(port, () => kind === 'recode')
  })
  /** Each becomes popular with its second hit. */
  async function popular(port: number, goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const path = `/copied/${n++}`
      for (let i = 0; i < 3; i++) await fetched(port, path)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** Whatever comes of it: at the end nobody answers. */
function fetched(port: number, path: string): Promise<void> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path }, (response) => void response.resume().on('close', resolve)).on('error', () => resolve())
  })
}

async function measure(rounds: number): Promise<void> {
  const load = startOther(['nice', '-n', '10', process.execPath], 'load')
  const [originPort] = (await once(load, 'message')) as [number]
  const bare = startOther([process.execPath], 'bare')
  const [barePort] = (await once(bare, 'message')) as [number]
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-stalls-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(
    rules,
    `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_backend_response { set beresp.do_gzip = bereq.url ~ "^/(large|copied)/"; if (bereq.url ~ "^/large") { set beresp.uncacheable = true; } }`,
  )
  const copies = ['-p', 'recode_br=on', '-p', 'recode_zstd=on', '-p', 'recode_hits=1']
  const { child, port } = await startServe(['-f', rules, '-w', '1', '-s', 'memory,256M', '-p', 'policy=varnish', ...copies], 'any')
  const ports: Record<Who, number> = { lacquer: port, bare: barePort }
  const found = new Map<string, { p50: number[]; p99: number[] }>()
  for (const kind of KINDS) for (const who of WHO) found.set(`${kind} ${who}`, { p50: [], p99: [] })
  for (let round = -1; round < rounds; round++) {
    for (const kind of KINDS) {
      load.send([kind, port])
      for (const who of WHO) {
        const took = await hitsFor(ports[who], SECONDS)
        // The first is for the compilers.
        if (round < 0) continue
        const { p50, p99 } = found.get(`${kind} ${who}`)!
        p50.push(took[took.length >> 1])
        p99.push(took[Math.floor(took.length * 0.99)])
      }
    }
  }
  for (const [what, { p50, p99 }] of found) report(what, p50, p99, found.get(`idle ${what.split(' ')[1]}`)!.p99)
  await stop(child)
  process.exit(0)
}

function report(what: string, p50: readonly number[], p99: readonly number[], idle: readonly number[]): void {
  const [median_ms, quartile_ms] = [quantile(p99, 0.5), quantile(p99, 0.25)]
  const ratio = (median_ms / quantile(idle, 0.5)).toFixed(1)
  const least = (quartile_ms / quantile(idle, 0.25)).toFixed(1)
  console.log(
    `${what}: p50 ${quantile(p50, 0.5).toFixed(2)} ms, p99 ${median_ms.toFixed(2)} ms (${ratio} times idle), lower quartile ${quartile_ms.toFixed(2)} (${least} times) (${p99.map((ms) => ms.toFixed(2)).join(' ')})`,
  )
}

function startOther(command: readonly string[], what: string): ChildProcess {
  const other = spawn(command[0], [...command.slice(1), fileURLToPath(import.meta.url), what], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  process.on('exit', () => other.kill())
  return other
}

function quantile(list: readonly number[], part: number): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length * part)]
}
