import type { Server } from 'node:net'
import { RawTransport } from './raw-transport.ts'
import type { Accept } from './read-path.ts'
import { streamWrap, type StreamHandle, type StreamWrap } from './stream-handle.ts'
import { handleServer } from './take-over.ts'

/** The fastest read path: no net.Socket is made of an accepted handle, unless a pipe asks for one. */
export function rawServer(accept: Accept): Server {
  const wrap = streamWrap()
  return handleServer('raw', accept, wrap === undefined ? undefined : (handle) => adopt(wrap, handle, accept))
}

function adopt(wrap: StreamWrap, handle: StreamHandle, accept: Accept): void {
  handle.setNoDelay?.(true)
  const transport = new RawTransport(wrap, handle)
  accept.accepted(transport)
  transport.resumeReading()
}
