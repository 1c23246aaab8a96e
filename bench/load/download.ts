import { connect } from 'node:net'
import { isRight } from './pattern.ts'

/** Downloads one URL and checks every byte, a process of its own. Prints the number of right bytes. Arguments: port, URL. */
const socket = connect(Number(process.argv[2]), '127.0.0.1')
let head = ''
let inBody = false
let got_bytes = 0
let isClean = true
const PIECE_BYTES = 1024 * 1024

function take(chunk: Buffer): void {
  for (let i = 0; i < chunk.length; i += PIECE_BYTES) isClean &&= isRight(chunk.subarray(i, i + PIECE_BYTES), got_bytes + i)
  got_bytes += chunk.length
}

socket.on('connect', () => socket.write(`GET ${process.argv[3]} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`))
socket.on('data', (chunk: Buffer) => {
  if (inBody) return take(chunk)
  head += chunk.toString('latin1')
  const end = head.indexOf('\r\n\r\n')
  if (end < 0) return
  inBody = true
  take(Buffer.from(head.slice(end + 4), 'latin1'))
})
socket.on('error', () => {})
socket.on('close', () => console.log(isClean ? got_bytes : 0))
