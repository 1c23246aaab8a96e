import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'

/** Larger than what is copied behind its head, small enough to lie in one piece. */
const BODY_BYTES = 50_000
/** More than the kernel takes for a client that does not read. */
const ASKED = 400
/** More than the store keeps. */
const OTHERS = 600

let cache: TestCache | undefined
let origin: Server
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await cache?.close()
  origin.closeAllConnections()
  origin.close()
})

/** Each path has its own byte. */
function byteOf(path: string): number {
  return path === '/slow' ? 1 : 2
}

async function start(): Promise<TestCache> {
  origin = createServer((request, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Length': BODY_BYTES })
    response.end(Buffer.alloc(BODY_BYTES, byteOf(request.url ?? '')))
  })
  await once(origin.listen(0, '127.0.0.1'), 'listening')
  const { port } = origin.address() as AddressInfo
  return (cache = await startCache({ vcl: `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }` }))
}

async function client(port: number): Promise<Socket> {
  // At the end of a test it is cut with what it has not read.
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

/** Body bytes of that value until there are enough, or the connection ends. */
async function count(socket: Socket, byte: number, enough: number): Promise<number> {
  let counted = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (const one of chunk) if (one === byte) counted++
    if (counted >= enough) break
  }
  return counted
}

test('what a slow client is being sent is not written over by what comes into the store', async () => {
  const instance = await start()
  const { port } = instance
  const slow = await client(port)
  slow.pause()
  slow.write(get('/slow').repeat(ASKED))
  await expect.poll(() => instance.counters().cache_hit).toBeGreaterThan(20)
  for (let before = -1; before !== instance.counters().client_req;) {
    before = instance.counters().client_req
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(instance.counters().client_req).toBeLessThan(ASKED)
  const other = await client(port)
  for (let i = 0; i < OTHERS; i++) other.write(get(`/other/${i}`, i === OTHERS - 1 ? 'Connection: close\r\n' : ''))
  expect(await count(other, byteOf('/other'), Infinity)).toBe(OTHERS * BODY_BYTES)
  expect(instance.counters().n_lru_nuked).toBeGreaterThan(0)
  expect(await count(slow, byteOf('/slow'), ASKED * BODY_BYTES)).toBe(ASKED * BODY_BYTES)
})
