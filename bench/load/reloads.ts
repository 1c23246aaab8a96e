import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { newCrew } from '../../test/kit/crew.ts'

/**
 * What thousands of reloads leave behind: a shop's rules are loaded, used and discarded again and again, on two workers, while clients are served. Run
 * by hand: `node --expose-gc bench/load/reloads.ts [--reloads 10000]`. Prints the process's memory and each worker's heap as they were on the way, and
 * the slope over the second half. A request that fails, or goes by two rule sets, ends it.
 */
const { values } = parseArgs({ options: { reloads: { type: 'string', default: '10000' } } })
const RELOADS = Number(values.reloads)
const STEPS = 10
const CLIENTS = 4
const MIB = 2 ** 20

const SHOP = readFileSync(new URL('../../vcl-examples/shop-cart.vcl', import.meta.url), 'latin1')
const origin = createServer((request, response) => {
  response.setHeader('Cache-Control', 'max-age=60').setHeader('Asked', String(request.headers['fetch'])).end('page')
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const { port } = origin.address() as AddressInfo

function rules(n: number): string {
  return `${SHOP.replace(/\.port = "\d+"/, `.port = "${port}"`)}
sub vcl_recv { set req.http.Recv = "${n}"; if (req.url == "/pass") { return (pass); } }
sub vcl_backend_fetch { set bereq.http.Fetch = "${n}"; }
sub vcl_deliver { if (req.url == "/pass") { set resp.http.All = req.http.Recv + "/" + resp.http.Asked + "/${n}"; } }
`
}

// While a snapshot is taken nobody is served for seconds.
const crew = await newCrew(2, `-b 127.0.0.1:${port} -p timeout_idle=3600 -p timeout_req=3600`, 2 ** 30).start()
let served = 0
let over = false

/** Asks, on one connection, until all is over. */
function visit(): Promise<void> {
  const socket = connect(crew.port, '127.0.0.1').setNoDelay()
  let text = ''
  let n = 0
  const ask = (): boolean => socket.write(`GET ${n++ % 2 === 0 ? '/pass' : `/hit/${n % 100}`} HTTP/1.1\r\nHost: a\r\n\r\n`)
  return new Promise((resolve, reject) => {
    socket
      .on('connect', ask)
      .on('error', reject)
      .on('close', () => (over ? resolve() : reject(new Error('cut'))))
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (!text.endsWith('\r\n\r\npage')) return
      const all = /^All: (.*)\r$/m.exec(text)?.[1]
      if (!text.startsWith('HTTP/1.1 200') || (all !== undefined && !/^(\d+)\/\1\/\1$/.test(all) && served > CLIENTS * 2))
        return reject(new Error(text))
      served++
      text = ''
      if (over) socket.destroy()
      else ask()
    })
  })
}

/** What is left when all that nobody holds has been collected, which taking a snapshot does. */
async function heapOf(worker: Worker): Promise<number> {
  const snapshot = await worker.getHeapSnapshot()
  for await (const _ of snapshot) continue
  return (await worker.getHeapStatistics()).used_heap_size
}

/** MiB: resident, the manager's heap, each worker's. */
async function weigh(): Promise<number[]> {
  globalThis.gc?.()
  const heaps = await Promise.all(crew.workers.running.map((worker) => heapOf(worker!)))
  const { rss, heapUsed } = process.memoryUsage()
  return [rss, heapUsed, ...heaps].map((bytes) => bytes / MIB)
}

/** Least squares, per thousand reloads. */
function slope(rows: readonly number[][], column: number): number {
  const xs = rows.map(([x]) => x / 1000)
  const ys = rows.map((row) => row[column])
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length
  const [mx, my] = [mean(xs), mean(ys)]
  const above = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0)
  return above / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0)
}

const visitors = Array.from({ length: CLIENTS }, visit)
const failed = Promise.race(visitors.map((one) => one.then(() => new Promise<never>(() => {}))))
const rows: number[][] = []
const begun_ms = performance.now()
console.log('reloads, MiB resident, heap of the manager, of the workers')
async function reloadAll(): Promise<void> {
  for (let n = 1; n <= RELOADS; n++) {
    const name = `reload_${n}`
    await crew.rules.inline(name, rules(n))
    await crew.rules.use(name)
    if (n > 3) await crew.rules.discard([`reload_${n - 3}`])
    if (n % Math.ceil(RELOADS / STEPS) !== 0) continue
    const row = [n, ...(await weigh())]
    rows.push(row)
    console.log(row.map((value) => value.toFixed(value === n ? 0 : 1)).join('\t'))
  }
}
await Promise.race([reloadAll(), failed])
over = true
const took_s = (performance.now() - begun_ms) / 1000
const half = rows.slice(rows.length / 2)
console.log(`${RELOADS} reloads in ${took_s.toFixed(0)} s, ${served} requests served, ${crew.counts()['MAIN.n_vcl']} rule sets are loaded`)
console.log(`slope over the second half, MiB for a thousand: ${[1, 2, 3, 4].map((column) => slope(half, column).toFixed(3)).join(', ')}`)
await Promise.all(visitors)
await crew.close()
origin.closeAllConnections()
origin.close()
