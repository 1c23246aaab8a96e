import { closeSync, fstatSync } from 'node:fs'
import net from 'node:net'
import { OperatorError } from '../base/errors.ts'
import { type Native, native, NoNativeError } from '../shm/native.ts'
import type { Endpoint } from './address.ts'
import { applyUnixMode } from './unix-socket.ts'

/** Bound, and of no event loop: nobody accepts here. Its close removes the path of a unix socket. */
interface Bound {
  fd(): number
  close(): void
}

type BoundSocketClass = new (options: { host: string; port: number; reusePort: boolean } | { path: string }) => Bound

/**
 * The sockets that one worker after the other listens on, each on a duplicate of the descriptor. So the kernel keeps the queue of
 * those who wait to be accepted when a worker dies, and the next one serves them. Whoever has them must close them when there will be
 * no next one: until then clients are not refused, but wait.
 *
 * Where a descriptor cannot be duplicated (no koffi) there are none, and workers listen by themselves.
 */
export class KeptSockets {
  private readonly kept = new Map<string, Bound>()
  private lent: { readonly fd: number; readonly file: string }[] = []
  private readonly shared: boolean

  /** `shared`: others listen there, too (SO_REUSEPORT). */
  constructor(shared: boolean) {
    this.shared = shared
  }

  /** There may be clients who wait. */
  get open(): boolean {
    return this.kept.size > 0
  }

  /**
   * A descriptor for each endpoint, to be closed by who listens there. Undefined where it should bind by itself, and say what is wrong.
   * Throws an OperatorError when the descriptors of this process are used up.
   */
  lend(endpoints: readonly Endpoint[]): (number | undefined)[] {
    const calls = systemCalls()
    if (calls === undefined) return []
    return endpoints.map((endpoint) => {
      const socket = this.kept.get(endpoint.text) ?? this.bind(endpoint)
      return socket === undefined ? undefined : this.lendOne(socket, endpoint, calls)
    })
  }

  /** Who had them last has ended. What it had not come to take over it has not closed either. */
  takeBack(): void {
    // Of descriptors of one socket none but these are ever closed by others, so that a number that still, or again, means it is ours.
    for (const { fd, file } of this.lent) if (fileOf(fd) === file) closeSync(fd)
    this.lent = []
  }

  /** When nobody has one of them any more, clients are refused, and those who wait are reset. */
  close(): void {
    for (const socket of this.kept.values()) socket.close()
    this.kept.clear()
  }

  private lendOne(socket: Bound, endpoint: Endpoint, calls: Native): number {
    const fd = calls.duplicate(socket.fd())
    if (typeof fd === 'string') throw new OperatorError(`cannot listen on ${endpoint.text}: ${fd} for another descriptor of the socket`)
    this.lent.push({ fd, file: fileOf(fd) ?? '' })
    return fd
  }

  private bind(endpoint: Endpoint): Bound | undefined {
    const socket = bound(endpoint, this.shared)
    if (socket === undefined) return undefined
    this.kept.set(endpoint.text, socket)
    if (endpoint.path !== undefined) applyUnixMode(endpoint.path, endpoint)
    return socket
  }
}

function bound({ host, port, path }: Endpoint, shared: boolean): Bound | undefined {
  const BoundSocket = net.BoundSocket as BoundSocketClass | undefined
  // As Node says that it knows paths, too: before it did, a socket for any port would be the answer.
  if (BoundSocket === undefined || !('isPipe' in BoundSocket.prototype)) return undefined
  try {
    return new BoundSocket(path === undefined ? { host, port, reusePort: shared } : { path })
  } catch {
    return undefined
  }
}

function systemCalls(): Native | undefined {
  try {
    return native()
  } catch (error) {
    if (error instanceof NoNativeError) return undefined
    throw error
  }
}

/** Which of all sockets it is. */
function fileOf(fd: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(fd)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}
