import { connect } from 'node:net'

/**
 * Holds idle keep-alive connections, a process of its own: each has had one answer. Prints "held N" and stays until killed.
 * Arguments: port, number of connections, source address.
 */
const [port, count, source] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]
const AT_ONCE = 100
let opened = 0
let held = 0
let lost = 0

function done(): void {
  if (held + lost === count) console.log(`held ${held - lost}`)
  else open()
}

function open(): void {
  if (opened === count) return
  opened++
  const socket = connect({ port, host: '127.0.0.1', localAddress: source })
  let isHeld = false
  socket.on('connect', () => socket.write('GET /1k/idle HTTP/1.1\r\nHost: bench\r\n\r\n'))
  socket.on('data', () => {
    if (isHeld) return
    isHeld = true
    held++
    done()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    lost++
    if (!isHeld) done()
  })
}
for (let i = 0; i < AT_ONCE; i++) open()
