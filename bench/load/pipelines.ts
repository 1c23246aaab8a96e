import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hitsFor, SMALL } from './lateness.ts'
import { startServe } from './peers/lacquer.ts'
import { cpu_us, SERVER_CORE, stop } from './processes.ts'

/**
 * How late hits of 1 KiB are, one at a time, beside clients that pipeline: each sends many requests at once, and as many again when all of them are answered. One
 * worker on a core of its own. What they ask for: hits; passes, which go to an origin; answers that rules make, with work in them (`rules`). For each, what they got
 * and what a request of theirs cost in CPU.
 *
 *   npm run build && node bench/load/pipelines.ts [seconds] [clients] [depth] [kind ...]
 */
const [SECONDS, CLIENTS, DEPTH] = [3, 100, 100].map((usual, i) => Number(process.argv[2 + i] ?? usual))
type Kind = 'idle' | 'hits' | 'passes' | 'rules'
const PATHS: Record<Kind, string> = { idle: '', hits: '/small', passes: '/pass', rules: '/rules' }
const KINDS = (process.argv.length > 5 ? process.argv.slice(5) : Object.keys(PATHS)) as Kind[]
/** What each answer begins with. */
const MARK = 'HTTP/1.1 200'
/** Some 100 us. */
const WORK = `set req.http.x = regsuball("${'abc'.repeat(200)}", "[ac]", "x");`.repeat(4)

if (process.send === undefined) await measure()
else await serve((message) => process.send?.(message))

/** The origin; and those who pipeline, until the next message. Tells how many answers they had. */
async function serve(tell: (message: number) => void): Promise<void> {
  const origin = createServer((_request, response) => void response.setHeader('Cache-Control', 'max-age=1000').end(SMALL))
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve))
  tell((origin.address() as AddressInfo).port)
  let end = (): number => 0
  process.on('message', ([kind, port]: [Kind, number]) => {
    tell(end())
    const clients = kind === 'idle' ? [] : Array.from({ length: CLIENTS }, () => pipeline(port, PATHS[kind]))
    end = () => clients.reduce((sum, stopped) => sum + stopped(), 0)
  })
}

/** Ends with a call that tells how many answers there were. */
function pipeline(port: number, path: string): () => number {
  const requests = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`.repeat(DEPTH)
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  let answers = 0
  let before = ''
  socket.on('connect', () => socket.write(requests)).on('error', () => {})
  socket.on('data', (chunk) => {
    const text = before + chunk.toString('latin1')
    const had = answers
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + MARK.length)) answers++
    before = text.slice(-(MARK.length - 1))
    if (answers !== had && answers % DEPTH === 0) socket.write(requests)
  })
  return () => {
    socket.destroy()
    return answers
  }
}

async function measure(): Promise<void> {
  const load = spawn('nice', ['-n', '5', process.execPath, ...process.argv.slice(1)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  process.on('exit', () => load.kill())
  const [originPort] = (await once(load, 'message')) as [number]
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-pipelines-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(
    rules,
    `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_recv { if (req.url == "/pass") { return (pass); } if (req.url == "/rules") { ${WORK} return (synth(200)); } }`,
  )
  const { child, port } = await startServe(['-f', rules, '-w', '1', '-s', 'memory,256M', '-p', 'policy=varnish'], SERVER_CORE)
  // The first time round is for the compilers.
  for (const kind of KINDS) await beside(load, child.pid!, kind, port)
  for (const kind of KINDS) console.log(await beside(load, child.pid!, kind, port))
  await stop(child)
  process.exit(0)
}

async function beside(load: ChildProcess, pid: number, kind: Kind, port: number): Promise<string> {
  // What the ones before had asked for is over.
  await hitsFor(port, 0.1)
  load.send([kind, port])
  await once(load, 'message')
  const [begun_us, begun_ms] = [cpu_us(pid), performance.now()]
  const took = await hitsFor(port, SECONDS)
  const [used_us, seconds] = [cpu_us(pid) - begun_us, (performance.now() - begun_ms) / 1000]
  load.send(['idle', port])
  const [answers] = (await once(load, 'message')) as [number]
  const at = (part: number): string => took[Math.min(took.length - 1, Math.floor(took.length * part))].toFixed(2)
  const theirs = answers === 0 ? '' : `; theirs: ${Math.round(answers / seconds)}/s, ${(used_us / answers).toFixed(1)} us each`
  return `${kind}: p50 ${at(0.5)} ms, p99 ${at(0.99)}, most ${at(1)}, of ${took.length}${theirs}`
}
