import { SystemClock } from '../../src/base/clock.ts'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Latin1Buffer } from '../../src/base/digits.ts'
import { defaultParameters } from '../../src/config/parameters.ts'
import type { ClientConnection } from '../../src/flow/client.ts'
import { RequestHead } from '../../src/http/message.ts'
import { RequestParser } from '../../src/http/parse.ts'
import type { StoredHead } from '../../src/http/stored-head.ts'
import { parseListen } from '../../src/listen/address.ts'
import { bindEndpoints } from '../../src/listen/bind.ts'
import { NO_IP } from '../../src/listen/facts.ts'
import { Shared } from '../../src/manager/shared.ts'
import { backendVcl, compileVcl } from '../../src/vcl/load.ts'
import { Worker } from '../../src/worker/worker.ts'

/**
 * A hit without its sockets: parse, recv, hash, lookup, deliver, log and counters, down to the text of the response. What is
 * left of a hit's CPU time is the kernel and Node's sockets. Prints the best of many rounds: the machine is noisy, the code not.
 *
 *   node bench/micro/hit.ts [number of stores]
 */
const ROUNDS = 40
const HITS = 20_000
const STORES = Array.from(
  { length: Number(process.argv[2] ?? 1) },
  (_, i) => ({ name: `s${i}`, kind: 'memory', size_bytes: 2 ** 26 }) as const,
)
const REQUEST = Buffer.from('GET /hit HTTP/1.1\r\nHost: 127.0.0.1:6081\r\n\r\n', 'latin1')

async function startWorker(originPort: number): Promise<{ worker: Worker; port: number }> {
  const parameters = defaultParameters()
  const compiled = compileVcl(backendVcl(`127.0.0.1:${originPort}`), { path: '<-b>', policy: parameters.policy, vcl_path: [] })
  if (!compiled.ok) throw new Error(compiled.text)
  const endpoints = await bindEndpoints(parseListen(['127.0.0.1:0']))
  const config = {
    slot: 0,
    endpoints,
    workers: 1,
    parameters,
    rules: { sets: [{ id: 1, name: 'boot', image: compiled.program.image, counters: [] }], active: 1, labels: [] },
    transient_bytes: 2 ** 24,
    stores: STORES,
    identity: 'bench',
    hostname: 'bench',
    counters: [],
    store_counters: undefined,
    ring: new SharedArrayBuffer(parameters.vsl_space),
    xids: new SharedArrayBuffer(4),
    shared: new Shared(STORES, new SystemClock()).memory,
  }
  const worker = await Worker.start(config, { warn: console.error, error: console.error })
  return { worker, port: worker.endpoints[0].port }
}

function fetchOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: '/hit', headers: { Host: '127.0.0.1:6081' }, agent: false }, (answer) => {
      answer.resume().on('end', resolve)
    })
    asked.on('error', reject).end()
  })
}

/** A connection that takes every answer at once. */
function nowhere(req: RequestHead): ClientConnection {
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
    head_bytes: REQUEST.length,
    body_bytes: 0,
    upgrade: false,
    respond: (head: string) => (answered.heads += head.length) > 0,
    respondStored: (head: StoredHead) => (answered.heads += head.put(scratch, 0)) > 0,
    onClosed: undefined,
    onDrain: undefined,
  }
  return connection as unknown as ClientConnection
}

const origin = createServer((_, res) => {
  res.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Type': 'text/plain', ETag: '"a"', 'Content-Length': 1024 })
  res.end(Buffer.alloc(1024, 'x'))
}).listen(0, '127.0.0.1')
await new Promise((resolve) => origin.once('listening', resolve))
const { worker, port } = await startWorker((origin.address() as AddressInfo).port)
await fetchOnce(port)

const parser = new RequestParser(worker.env.params)
const connection = nowhere(new RequestHead())
const { flow, clock } = worker.context
let best_ns = Infinity
for (let round = 0; round < ROUNDS; round++) {
  const begun_ms = performance.now()
  for (let i = 0; i < HITS; i++) {
    clock.refresh()
    parser.parse(REQUEST, 0, REQUEST.length, connection.req)
    flow.request(connection)
  }
  best_ns = Math.min(best_ns, ((performance.now() - begun_ms) * 1e6) / HITS)
}
console.log(`a hit without sockets: ${best_ns.toFixed(0)} ns (best of ${ROUNDS} rounds)`)
origin.close()
origin.closeAllConnections()
await worker.drain(0)
