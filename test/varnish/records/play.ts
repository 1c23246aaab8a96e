import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { mark, SCENARIOS } from './scenarios.ts'

const GZIP = gzipSync(Buffer.from('hello gzip '.repeat(50)))
const PAGE = '<html><esi:include src="/inc1"/>mid<esi:include src="/inc2"/></html>'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** By the beginning of the path. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  '/nocache': (response) => response.setHeader('Cache-Control', 'max-age=0').end('x'),
  '/priv': (response) => response.setHeader('Cache-Control', 'private').end('x'),
  '/chunk': (response) => {
    response.setHeader('Cache-Control', 'max-age=60').write('abc')
    response.end('def')
  },
  '/keep': (response, request) => {
    response.setHeader('ETag', '"k"')
    if (request.headers['if-none-match'] === '"k"') response.writeHead(304).end()
    else whole(response, 'abc')
  },
  '/esi': (response) => whole(response, PAGE),
  '/gunz': (response) => whole(response.setHeader('Content-Encoding', 'gzip'), GZIP),
  '/isgz': (response) => whole(response.setHeader('Content-Encoding', 'gzip'), GZIP),
  '/gz': (response) => whole(response, 'plain text '.repeat(40)),
  '/204': (response) => response.writeHead(204).end(),
  '/404': (response) => {
    response.statusCode = 404
    whole(response, 'no')
  },
  '/junk': (_, { socket }) => socket.end('junk\r\n\r\n'),
  '/cut': (_, { socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'),
  '/close': (_, { socket }) => socket.end(),
  '/obj': (response, { url }) => plain(response.setHeader('x-ban', 'yes'), url),
}

function plain(response: ServerResponse, url = ''): void {
  whole(response.setHeader('Cache-Control', 'max-age=120'), `body of ${url}`)
}

function whole(response: ServerResponse, body: string | Buffer): void {
  response.setHeader('Content-Length', body.length).end(body)
}

/** The origin that both have. It answers when it has all of the request, and keeps its connections. */
export async function startOrigin(): Promise<{ port: number; close: () => void }> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('Server', 'origin')
      const path = Object.keys(ANSWERS).find((start) => request.url?.startsWith(start))
      if (path === undefined) plain(response, request.url)
      else ANSWERS[path](response, request)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

/** Resolves when the other side has closed the connection. */
function send(port: number, request: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    // A connection that is cut is closed, too.
    socket.on('error', () => {}).on('close', () => resolve())
    socket.resume().write(request)
  })
}

/** All scenarios, one after the other. `settled` resolves when the log is complete so far. */
export async function play(port: number, settled: () => Promise<void>): Promise<void> {
  for (const [n, { requests }] of SCENARIOS.entries()) {
    for (const request of requests) {
      await send(port, request)
      await settled()
    }
    await send(port, mark(n))
    await settled()
  }
}
