import { closeSync } from 'node:fs'
import net from 'node:net'
import { OperatorError } from '../base/errors.ts'
import { type Native, native, NoNativeError } from '../shm/native.ts'
import type { Endpoint } from './address.ts'
import type { Loans } from './loans.ts'
import { applyUnixMode } from './unix-socket.ts'

/** Bound, and of no event loop: nobody accepts here. Its close removes the path of a unix socket. */
interface Bound {
  fd(): number
  close(): void
}

type BoundSocketClass = new (options: { host: string; port: number; reusePort: boolean } | { path: string }) => Bound

/**
 * The sockets that one worker after the other listens on, or another in its stead, each on a duplicate of the descriptor. So the kernel
 * keeps the queue of those who wait to be accepted when a worker dies, and the other, or the next one, serves them. Whoever has them must
 * close them when there will be no next one: until then clients are not refused, but wait.
 *
 * Where a descriptor cannot be duplicated (no koffi) there are none, and workers listen by themselves.
 */
export class KeptSockets {
  private readonly kept = new Map<string, Bound>()
  private readonly shared: boolean
  private readonly loans: Loans

  /** `shared`: others listen there, too (SO_REUSEPORT). */
  constructor(shared: boolean, loans: Loans) {
    this.shared = shared
    this.loans = loans
  }

  /** There may be clients who wait. */
  get open(): boolean {
    return this.kept.size > 0
  }

  /**
   * A descriptor for each endpoint, to be closed by the worker `to`, who listens there. Undefined where it should bind by itself, and say
   * what is wrong. Throws an OperatorError when the descriptors of this process are used up: then none is lent.
   */
  lend(endpoints: readonly Endpoint[], to: number): (number | undefined)[] {
    const calls = systemCalls()
    if (calls === undefined) return []
    const lent: (number | undefined)[] = []
    try {
      for (const endpoint of endpoints) {
        const socket = this.kept.get(endpoint.text) ?? this.bind(endpoint)
        lent.push(socket === undefined ? undefined : this.lendOne(socket, endpoint, calls, to))
      }
    } catch (error) {
      for (const fd of lent) if (fd !== undefined) closeSync(fd)
      throw error
    }
    return lent
  }

  /** When nobody has one of them any more, clients are refused, and those who wait are reset. */
  close(): void {
    for (const socket of this.kept.values()) socket.close()
    this.kept.clear()
  }

  private lendOne(socket: Bound, endpoint: Endpoint, calls: Native, to: number): number {
    const fd = calls.duplicate(socket.fd())
    if (typeof fd === 'string') throw new OperatorError(`cannot listen on ${endpoint.text}: ${fd} for another descriptor of the socket`)
    this.loans.add(fd, to)
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
