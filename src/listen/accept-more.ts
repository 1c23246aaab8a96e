import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { acceptCall, type Errno } from '../shm/native.ts'
import type { Accept } from './read-path.ts'
import type { StreamHandle } from './stream-handle.ts'

/** So many in a turn of the event loop: who is being served waits for each of them, some 50 us. */
const ACCEPT_MAX = 32

/** Node's TCP or Pipe: of a connected client with 0. */
type Client = StreamHandle & { open(fd: number): number }
type ClientClass = new (type: number) => Client

/** Where nobody else waited for some times in a row, so many clients are accepted before it is tried again. */
const ALONE_MAX = 8

/**
 * libuv accepts one client in each turn of the event loop for each listening socket. Where turns are long, because many clients are being
 * served, those who come would wait in the kernel's queue for seconds: the others are accepted here, behind the first.
 * Undefined where that cannot be (no koffi): then it is one in each turn.
 */
export function acceptingMore(
  server: Server,
  accept: Accept,
  adopt: (client: StreamHandle) => void,
  next = acceptCall(),
): ((first: StreamHandle) => void) | undefined {
  if (next === undefined) return undefined
  // A call in vain costs a client who comes alone a fiftieth.
  let alone = 0
  let patience = 1
  // Made before anybody is accepted for it: a thread that is ended in between would leave a descriptor that nobody closes.
  let spare: Client | undefined
  server.once('close', () => spare?.close())
  return (first) => {
    if (alone > 0) {
      alone--
      return
    }
    let taken = 0
    for (; taken + 1 < ACCEPT_MAX && server.listening; taken++) {
      const client = (spare ??= new (first.constructor as ClientClass)(0))
      const fd = next(listeningFd(server))
      if (typeof fd === 'string') {
        // EAGAIN: nobody waits. Of those for whom there is no descriptor libuv tells nothing when it closes them, in the next turn.
        if (fd !== 'EAGAIN') accept.failed(acceptFailure(fd))
        break
      }
      const status = client.open(fd)
      spare = undefined
      if (status !== 0) refuse(client, fd, accept, status)
      else if (accept.wanted()) adopt(client)
      else client.close()
    }
    patience = taken > 0 ? 1 : Math.min(ALONE_MAX, patience * 2)
    if (taken === 0) alone = patience
  }
}

/** With name and number, by which it is counted. libuv tells the number, a negative one. */
export function acceptFailure(fault: Errno | number): Error {
  const code = typeof fault === 'string' ? fault : getSystemErrorName(fault)
  const errno = (constants.errno as Readonly<Partial<Record<string, number>>>)[code] ?? 0
  return Object.assign(new Error(`accept failed: ${code}`), { code, errno: -errno })
}

function refuse(client: StreamHandle, fd: number, accept: Accept, status: number): void {
  client.close()
  closeSync(fd)
  accept.failed(acceptFailure(status))
}

function listeningFd(server: Server): number {
  return (server as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1
}
