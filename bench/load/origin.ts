import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { bytesAt, PATTERN } from './pattern.ts'

/**
 * The origin of all load scenarios, a process of its own, as cheap as Node allows: content by the first part of the
 * URL. /1k /10k /100k /1m /200m answer at once; /slow is 256 KiB whose second half comes SLOW_MS later; /_count tells
 * how often each /slow URL was asked for and when its last byte was written (epoch ms).
 */
const SIZES_BYTES: Record<string, number> = {
  '1k': 1024,
  '10k': 10_240,
  '100k': 102_400,
  '1m': 1_048_576,
  '200m': 209_715_200,
  slow: 262_144,
}
const SLOW_MS = 1500
/** What is small enough to be kept ready. */
const READY_BYTES = 1_048_576
const CHUNK_BYTES = 256 * 1024

interface SlowRecord {
  fetches: number
  last_byte_ms: number
}
const slow = new Map<string, SlowRecord>()
const ready = new Map<string, Buffer>()

function head(size_bytes: number): string {
  return `HTTP/1.1 200 OK\r\nServer: bench\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/plain\r\nCache-Control: max-age=3600\r\nETag: "bench"\r\nContent-Length: ${size_bytes}\r\n\r\n`
}

/** A whole answer; its Date is renewed every second. */
function readyAnswer(kind: string): Buffer {
  let answer = ready.get(kind)
  if (answer === undefined) {
    const size_bytes = SIZES_BYTES[kind]
    answer = Buffer.concat([Buffer.from(head(size_bytes)), bytesAt(0, size_bytes)])
    ready.set(kind, answer)
  }
  return answer
}
setInterval(() => ready.clear(), 1000).unref()

function stream(socket: Socket, size_bytes: number): void {
  let at = 0
  const pump = (): void => {
    while (at < size_bytes && !socket.destroyed) {
      const length_bytes = Math.min(CHUNK_BYTES, size_bytes - at)
      const from = at % PATTERN.period
      at += length_bytes
      if (!socket.write(PATTERN.bytes.subarray(from, from + length_bytes))) return void socket.once('drain', pump)
    }
  }
  socket.write(head(size_bytes))
  pump()
}

function answerSlowly(socket: Socket, url: string): void {
  const record = slow.get(url) ?? { fetches: 0, last_byte_ms: 0 }
  slow.set(url, record)
  record.fetches++
  const half = SIZES_BYTES.slow / 2
  socket.write(head(SIZES_BYTES.slow))
  socket.write(bytesAt(0, half))
  setTimeout(() => {
    record.last_byte_ms = performance.timeOrigin + performance.now()
    socket.write(bytesAt(half, half))
  }, SLOW_MS)
}

function answer(socket: Socket, url: string): void {
  const kind = url.split('/', 2)[1]
  if (kind === '_count') {
    const text = JSON.stringify(Object.fromEntries(slow))
    socket.end(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
  } else if (kind === 'slow') answerSlowly(socket, url)
  else if (SIZES_BYTES[kind] === undefined) socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  else if (SIZES_BYTES[kind] <= READY_BYTES) socket.write(readyAnswer(kind))
  else stream(socket, SIZES_BYTES[kind])
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const url = rest.split(' ', 2)[1]
      rest = rest.slice(end + 4)
      answer(socket, url)
    }
  })
})
server.listen(0, '127.0.0.1', 8192, () => console.log((server.address() as AddressInfo).port))
