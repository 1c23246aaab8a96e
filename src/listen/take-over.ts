import { createServer, type Server } from 'node:net'
import { acceptFailure, acceptingMore } from './accept-more.ts'
import { READ_BYTES } from './limits.ts'
import type { Accept, ReadPath } from './read-path.ts'
import type { StreamHandle } from './stream-handle.ts'

/** One buffer for every connection of the thread: a read callback is synchronous and keeps nothing of it. */
export const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)

interface ServerInternals {
  _handle: { onconnection?: (status: number, client: StreamHandle | undefined) => void } | null
}

/** A net.Server that makes no sockets: its handle's `onconnection` is ours, and `adopt` gets the clients' handles. */
export function handleServer(path: ReadPath, accept: Accept, adopt: ((client: StreamHandle, server: Server) => void) | undefined): Server {
  const server = createServer({ allowHalfOpen: true })
  server.on('listening', () => {
    const handle = (server as unknown as ServerInternals)._handle
    if (typeof handle?.onconnection !== 'function' || adopt === undefined) {
      server.emit('error', new Error(`read_path=${path}: this Node does not let its handles be taken over`))
      return
    }
    const more = acceptingMore(server, accept, (client) => adopt(client, server))
    handle.onconnection = (status, client) => {
      if (status !== 0 || client === undefined) return accept.failed(acceptFailure(status))
      if (accept.wanted()) adopt(client, server)
      else client.close()
      more?.(client)
    }
  })
  return server
}
