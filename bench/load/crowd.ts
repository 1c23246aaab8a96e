import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { isRight } from './pattern.ts'

/**
 * Many clients on one URL at the same moment, a process of its own: all connect first, then all ask. Prints one line of JSON.
 * Arguments: port, URL, number of clients.
 */
export interface CrowdReport {
  /** Clients that got the whole body, every byte right. */
  readonly right: number
  /** Epoch ms at which the last of them had its first body byte, and the last of all its last. */
  readonly first_byte_ms: number
  readonly last_byte_ms: number
  readonly began_ms: number
}

const LIMIT_MS = 60_000
const [port, url, clients] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const now_ms = (): number => performance.timeOrigin + performance.now()
const report = { right: 0, first_byte_ms: 0, last_byte_ms: 0, began_ms: 0 }

/** Follows one response to its end; resolves when it is complete, wrong or gone. */
function follow(socket: Socket): Promise<void> {
  let head = ''
  let size_bytes = -1
  let got_bytes = 0
  let isClean = true
  return new Promise((resolve) => {
    const take = (chunk: Buffer): void => {
      if (got_bytes === 0) report.first_byte_ms = Math.max(report.first_byte_ms, now_ms())
      isClean &&= isRight(chunk, got_bytes)
      got_bytes += chunk.length
      if (got_bytes < size_bytes) return
      report.last_byte_ms = Math.max(report.last_byte_ms, now_ms())
      if (isClean && got_bytes === size_bytes) report.right++
      socket.destroy()
    }
    socket.on('data', (chunk: Buffer) => {
      if (size_bytes >= 0) return take(chunk)
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      size_bytes = Number(/^HTTP\/1\.1 200 [^]*\r\ncontent-length: (\d+)/i.exec(head.slice(0, end))?.[1] ?? NaN)
      const body = Buffer.from(head.slice(end + 4), 'latin1')
      if (Number.isNaN(size_bytes)) socket.destroy()
      else if (body.length > 0) take(body)
    })
    socket.on('error', () => {}).on('close', () => resolve())
  })
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay()
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

const watchdog = setTimeout(() => process.exit(1), LIMIT_MS)
const sockets: Socket[] = []
while (sockets.length < clients) sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, clients - sockets.length) }, open))))
const all = sockets.map(follow)
report.began_ms = now_ms()
for (const socket of sockets) socket.write(`GET ${url} HTTP/1.1\r\nHost: bench\r\n\r\n`)
await Promise.all(all)
console.log(JSON.stringify(report))
clearTimeout(watchdog)
