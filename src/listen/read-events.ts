import { createServer, type Server } from 'node:net'
import { SocketTransport } from './socket-transport.ts'
import type { Accept } from './read-path.ts'

/**
 * The plain read path: net's own 'data' events. Slower than read-onread.ts, and made of documented parts only.
 * The high water mark of 1 makes 'drain' come whenever a write was not flushed at once; see Transport.flushed.
 */
export function eventsServer(accept: Accept): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1 })
  server.on('connection', (socket) => {
    if (!accept.wanted()) {
      socket.destroy()
      return
    }
    const transport = new SocketTransport(socket)
    accept.accepted(transport)
    transport.readEvents()
  })
  return server
}
