import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { request } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { connect } from 'node:net'
import { start, stop } from './processes.ts'

/**
 * 100,000 objects that have a tag in common, a client that hits another object again and again, and then POST /purge of that tag: how long the
 * answer takes, how long until their room is given back, and how long the slowest hit took meanwhile, beside the slowest in as long a time without a purge. One
 * worker, so that the one that purges is the one that serves.
 *
 *   npm run build && node bench/load/purge.ts
 */
const OBJECTS = 100_000
const ROUNDS = 5
const FILLERS = 32
/** How long hits are watched, from the purge on, and as long without one. */
const WATCHED_MS = 1000
const PROGRAM = join(import.meta.dirname, '../../bin/lacquer')

/** When each hit was asked for and how long it took, since a time that both threads know. */
type Hit = [at_ms: number, took_ms: number]

function now_ms(): number {
  return performance.timeOrigin + performance.now()
}

/** One request after the other on one connection. */
function asker(port: number): (path: string) => Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  let [heard, wanted] = ['', (): void => {}]
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
    const end = heard.indexOf('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(heard)?.[1])
    if (end >= 0 && heard.length >= end + 4 + length) wanted()
  })
  return (path) =>
    new Promise((resolve) => {
      heard = ''
      wanted = resolve
      socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
    })
}

async function hitForEver(port: number): Promise<never> {
  const ask = asker(port)
  let hits: Hit[] = []
  parentPort!.on('message', () => {
    // Threads, not windows: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    parentPort!.postMessage(hits)
    hits = []
  })
  for (;;) {
    const at_ms = now_ms()
    await ask('/hot')
    hits.push([at_ms, now_ms() - at_ms])
  }
}

function origin(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      const tag = chunk.includes('GET /hot') ? 'hot' : 'all'
      socket.write(`HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nxkey: ${tag}\r\nContent-Length: 200\r\n\r\n${'x'.repeat(200)}`)
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

function call(port: number, method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' }
    const asked = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
      answer.on('end', () => resolve(text))
    })
    asked.on('error', reject).end(body)
  })
}

async function objects(metrics_port: number): Promise<number> {
  return Number(/^lacquer_main_n_object (\d+)/m.exec(await call(metrics_port, 'GET', '/metrics'))?.[1])
}

async function fill(port: number): Promise<void> {
  let next = 0
  const filler = async (): Promise<void> => {
    const ask = asker(port)
    while (next < OBJECTS) await ask(`/page/${next++}`)
  }
  await Promise.all(Array.from({ length: FILLERS }, filler))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function hitsOf(prober: Worker): Promise<Hit[]> {
  return new Promise((resolve) => {
    prober.once('message', resolve)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    prober.postMessage('hits')
  })
}

function slowest(hits: readonly Hit[], from_ms: number): string {
  const took = hits.filter(([at_ms]) => at_ms >= from_ms && at_ms < from_ms + WATCHED_MS).map(([, ms]) => ms)
  const sorted = took.toSorted((a, b) => a - b)
  return `${sorted.length} hits, median ${sorted[sorted.length >> 1].toFixed(2)}, slowest ${sorted.at(-1)!.toFixed(2)} ms`
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const rules = join(folder, 'rules.vcl')
  writeFileSync(rules, `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${await origin()}"; }`)
  const flags = ['-a', '127.0.0.1:0', '-f', rules, '-w', '1', '-s', 'memory,512M', '--metrics', '127.0.0.1:0', '--purge-api', 'open']
  const child = start('any', PROGRAM, ['serve', ...flags])
  child.stderr!.resume()
  const [port, metrics_port] = await new Promise<[number, number]>((resolve) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      const ready = /ready on 127\.0\.0\.1:(\d+), metrics on http:\/\/127\.0\.0\.1:(\d+)/.exec(chunk.toString())
      if (ready !== null) resolve([Number(ready[1]), Number(ready[2])])
    })
  })
  for (let round = 0; round < ROUNDS; round++) {
    await fill(port)
    const prober = new Worker(new URL(import.meta.url), { workerData: port })
    await pause(500)
    const quiet_ms = now_ms()
    await pause(WATCHED_MS)
    const began_ms = now_ms()
    const told = await call(metrics_port, 'POST', '/purge', '{"tag":"all"}')
    const answered_ms = now_ms()
    while ((await objects(metrics_port)) > 2) await pause(5)
    const gone_ms = now_ms()
    await pause(WATCHED_MS)
    const hits = await hitsOf(prober)
    await prober.terminate()
    console.log(
      `${told.trim()} after ${(answered_ms - began_ms).toFixed(1)} ms, room given back after ${(gone_ms - began_ms).toFixed(0)} ms at most`,
    )
    console.log(`  without: ${slowest(hits, quiet_ms)}`)
    console.log(`  purging: ${slowest(hits, began_ms)}`)
  }
  await stop(child)
  process.exit(0)
}

if (isMainThread) await main()
else await hitForEver(workerData as number)
