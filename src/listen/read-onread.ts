import { Socket, type Server, type SocketConstructorOpts } from 'node:net'
import type { Accept } from './read-path.ts'
import { SocketTransport } from './socket-transport.ts'
import type { StreamHandle } from './stream-handle.ts'
import { handleServer, READ_BUFFER } from './take-over.ts'

interface ServerInternals {
  _connections: number
}

interface SocketInternals {
  server: Server | null
  _server: Server | null
}

type HandleOptions = Omit<SocketConstructorOpts, 'handle'> & {
  handle: StreamHandle
  manualStart: boolean
  writableHighWaterMark: number
}

/**
 * Sockets of net that read into our static buffer: net.Server honours no `onread`, so they are made here, and what net's own onconnection
 * does besides (count for server.close) is done here, too. Saves a buffer and a stream push for each read.
 */
export function onreadServer(accept: Accept): Server {
  return handleServer('onread', accept, (handle, server) => adopt(server, handle, accept))
}

function adopt(server: Server, handle: StreamHandle, accept: Accept): void {
  handle.setNoDelay?.(true)
  const options: HandleOptions = {
    handle,
    allowHalfOpen: true,
    manualStart: true,
    // 'drain' comes whenever a write was not flushed at once; see Transport.flushed.
    writableHighWaterMark: 1,
    onread: { buffer: READ_BUFFER, callback: (read_bytes) => transport.deliver(READ_BUFFER, 0, read_bytes) },
  }
  const socket = new Socket(options as unknown as SocketConstructorOpts)
  const transport = new SocketTransport(socket)
  const internals = socket as unknown as SocketInternals
  internals.server = internals._server = server
  ;(server as unknown as ServerInternals)._connections++
  accept.accepted(transport)
  if (!socket.destroyed) socket.read(0)
}
