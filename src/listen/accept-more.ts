import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { acceptCall } from '../shm/native.ts'
import type { Accept } from './read-path.ts'
import type { StreamHandle } from './stream-handle.ts'

/** So many in a turn of the event loop: who is being served waits for each of them, some 50 us. */
const ACCEPT_MAX = 32

/** Node's TCP or Pipe: of a connected client with 0. */
type HandleClass = new (type: number) => StreamHandle & { open(fd: number): number }

/** Where nobody else waited for some times in a row, so many clients are accepted before it is tried again. */
const ALONE_MAX = 8

/**
 * libuv accepts one client in each turn of the event loop for each listening socket. Where turns are long, because many clients are being
 * served, those who come would wait in the kernel's queue for seconds: the others are accepted here, behind the first.
 * Undefined where that cannot be (no koffi): then it is one in each turn.
 */
export function acceptingMore(
  accept: Accept,
  adopt: (client: StreamHandle) => void,
  next = acceptCall(),
): ((server: Server, first: StreamHandle) => void) | undefined {
  if (next === undefined) return undefined
  // A call in vain costs a client who comes alone a fiftieth.
  let alone = 0
  let patience = 1
  return (server, first) => {
    if (alone > 0) {
      alone--
      return
    }
    let taken = 0
    for (; taken + 1 < ACCEPT_MAX && server.listening; taken++) {
      const fd = next(listeningFd(server))
      // Nobody waits; or, what libuv meets in the next turn and tells, none can be accepted.
      if (typeof fd === 'string') break
      if (accept.wanted()) take(fd, first, accept, adopt)
      else closeSync(fd)
    }
    patience = taken > 0 ? 1 : Math.min(ALONE_MAX, patience * 2)
    if (taken === 0) alone = patience
  }
}

function take(fd: number, first: StreamHandle, accept: Accept, adopt: (client: StreamHandle) => void): void {
  const client = new (first.constructor as HandleClass)(0)
  const status = client.open(fd)
  if (status === 0) return adopt(client)
  closeSync(fd)
  accept.failed(new Error(`accept failed: ${status}`))
}

function listeningFd(server: Server): number {
  return (server as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1
}
