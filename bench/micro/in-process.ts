import { SystemClock } from '../../src/base/clock.ts'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Latin1Buffer } from '../../src/base/digits.ts'
import { defaultParameters } from '../../src/config/parameters.ts'
import { newVitals } from '../../src/counters/vitals.ts'
import type { ClientConnection } from '../../src/flow/client.ts'
import { RequestHead } from '../../src/http/message.ts'
import { RequestParser } from '../../src/http/parse.ts'
import type { StoredHead } from '../../src/http/stored-head.ts'
import { parseListen } from '../../src/listen/address.ts'
import { bindEndpoints } from '../../src/listen/bind.ts'
import { NO_IP } from '../../src/listen/facts.ts'
import { newLogRing } from '../../src/manager/log.ts'
import { parseMask } from '../../src/log/tags.ts'
import { Shared } from '../../src/manager/shared.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { Worker } from '../../src/worker/worker.ts'

/** A worker in this thread, and a connection that takes every answer at once: a hit without its sockets. For the micro benches. */

export interface Setting {
  /** The rules; `port` is the origin's. */
  readonly rules: (port: number) => string
  readonly stores: number
  /** As clients send them, in turn. */
  readonly request: Buffer | readonly Buffer[]
}

/** A worker that has the request's answer in its store. */
export interface Ready {
  /** One hit. */
  hit(): void
  /** Live, as an operator sets vsl_mask. */
  mask(given: string): void
  stop(): Promise<void>
}

async function startWorker(rules: string, count: number): Promise<{ worker: Worker; port: number }> {
  const parameters = defaultParameters()
  const compiled = compileVcl(rules, { path: 'bench.vcl', policy: parameters.policy, vcl_path: [] })
  if (!compiled.ok) throw new Error(compiled.text)
  const stores = Array.from({ length: count }, (_, i) => ({ name: `s${i}`, kind: 'memory', size_bytes: 2 ** 26 }) as const)
  const endpoints = await bindEndpoints(parseListen(['127.0.0.1:0']))
  const config = {
    slot: 0,
    endpoints,
    workers: 1,
    parameters,
    rules: { sets: [{ id: 1, name: 'boot', image: compiled.program.image, counters: [] }], active: 1, labels: [] },
    transient_bytes: 2 ** 24,
    stores,
    identity: 'bench',
    hostname: 'bench',
    counters: [],
    vitals: newVitals(),
    store_counters: undefined,
    ring: newLogRing(parameters),
    xids: new SharedArrayBuffer(4),
    shared: new Shared(stores, new SystemClock()).memory,
  }
  const worker = await Worker.start(config, { warn: console.error, error: console.error })
  return { worker, port: worker.endpoints[0].port }
}

/** Over a socket, as only the store's own way puts something into it. */
function fetchOnce(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.on('error', reject)
    socket.resume().on('close', resolve)
  })
}

/** A connection that takes every answer at once. */
function nowhere(req: RequestHead, bytes: number): ClientConnection {
  const facts = {
    xid: 1,
    client_ip: NO_IP,
    server_ip: NO_IP,
    remote_ip: NO_IP,
    local_ip: NO_IP,
    socket_name: 'a0',
    endpoint: '',
    peer_text: '0.0.0.0 0 a0',
  }
  const answered = { heads: 0 }
  const scratch = Buffer.alloc(4096) as Latin1Buffer
  const connection = {
    facts,
    req,
    body: undefined,
    keepAlive: true,
    http11: true,
    closed: false,
    head_bytes: bytes,
    body_bytes: 0,
    upgrade: false,
    respond: (head: string) => (answered.heads += head.length) > 0,
    respondStored: (head: StoredHead) => (answered.heads += head.put(scratch, 0)) > 0,
    onClosed: undefined,
    onDrain: undefined,
  }
  return connection as unknown as ClientConnection
}

async function startOrigin(): Promise<{ port: number; stop: () => void }> {
  const origin = createServer((_, res) => {
    res.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Type': 'text/plain', ETag: '"a"', 'Content-Length': 1024 })
    res.end(Buffer.alloc(1024, 'x'))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => origin.once('listening', resolve))
  const stop = (): void => {
    origin.close()
    origin.closeAllConnections()
  }
  return { port: (origin.address() as AddressInfo).port, stop }
}

export async function ready({ rules, stores, request }: Setting): Promise<Ready> {
  const origin = await startOrigin()
  const { worker, port } = await startWorker(rules(origin.port), stores)
  const requests = Buffer.isBuffer(request) ? [request] : request
  for (const one of requests) await fetchOnce(port, one)
  const parser = new RequestParser(worker.env.params)
  const connection = nowhere(new RequestHead(), requests[0].length)
  const { flow, clock } = worker.context
  let next = 0
  return {
    hit() {
      const bytes = requests[next++ % requests.length]
      clock.refresh()
      parser.parse(bytes, 0, bytes.length, connection.req)
      flow.request(connection)
    },
    mask: (given) => worker.env.log.setMask(parseMask(given)),
    async stop() {
      origin.stop()
      await worker.drain(0)
    },
  }
}

/** Nanoseconds of each of `count` hits. */
export function time(one: Ready, count: number): number {
  const begun_ms = performance.now()
  for (let i = 0; i < count; i++) one.hit()
  return ((performance.now() - begun_ms) * 1e6) / count
}
