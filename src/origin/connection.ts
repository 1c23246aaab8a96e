import { Client } from './undici.ts'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { quicken } from './context.ts'
import { descriptorOf } from './descriptor.ts'
import type { Dialled } from './dial.ts'
import type { BackendSpec } from './contract.ts'
import type { OriginParameters } from './options.ts'
import { teachParser } from './response-parser.ts'

/**
 * undici wants an origin to parse and to print as a Host field; ours comes from the request and the address from the
 * dialler, TLS included: with an https origin undici would drop the connection each time the Host field changes.
 */
export const ORIGIN = 'http://backend'

/** What a connection needs to know of its backend. */
export interface Line {
  readonly spec: BackendSpec
  readonly parameters: OriginParameters
  /** A new connection, counted. */
  dial(timeout_ms: number, preamble: Buffer | undefined, done: Dialled, parsed: boolean): void
  /** Of the fetch that is being dispatched: undici dials within dispatch() or in the microtask after. */
  connect_ms: number
}

/** The socket under a connection: undici replaces it when it is lost, the connection object stays in its pool. */
export interface Wire {
  /** Requests sent so far. */
  uses: number
  socket: Socket | undefined
  /** Both ends, as "address port". */
  remote: string
  local: string
  /** Of the socket. */
  descriptor: string
}

/** A handler that wants to know which connection carries it. */
export interface Carried {
  wire: Wire | undefined
  /** undici found the request itself unfit and never queued it. */
  readonly refused: boolean
}

/** An undici client (one connection at a time) that tells each request which connection it goes out on. */
export class Connection extends Client {
  private readonly wire: Wire

  /** `preamble` is sent first on each new connection; such a connection is never reused. */
  constructor(line: Line, preamble: Buffer | undefined, reusable: boolean) {
    const wire: Wire = { uses: 0, socket: undefined, remote: '', local: '', descriptor: '' }
    const idle_ms = line.parameters.backend_idle_timeout * 1000
    super(ORIGIN, {
      connect: (_options, callback) => {
        const dialled = (error: Error | undefined, socket: Socket | undefined): void => {
          if (socket === undefined) return callback(error!, null)
          wire.uses = 0
          wire.socket = socket
          wire.remote = end(socket.remoteAddress, socket.remotePort, line.spec.via ?? line.spec)
          wire.local = end(socket.localAddress, socket.localPort, line.spec.via ?? line.spec)
          wire.descriptor = descriptorOf(socket)
          callback(null, socket)
          teachParser(socket)
          quicken(this, socket, ORIGIN)
        }
        line.dial(line.connect_ms, preamble, dialled, true)
      },
      pipelining: reusable ? 1 : 0,
      maxHeaderSize: line.parameters.http_resp_size,
      keepAliveTimeout: idle_ms,
      keepAliveMaxTimeout: idle_ms,
      keepAliveTimeoutThreshold: 1000,
      // Ours: Deadlines.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    })
    this.wire = wire
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler & Carried): boolean {
    handler.wire = this.wire
    // For a refused request undici answers "busy" and the pool would wait for a drain that never comes.
    return super.dispatch(options, handler) || handler.refused
  }
}

/** Ends of unix sockets have no address but the path. */
function end(address: string | undefined, port: number | undefined, spec: Pick<BackendSpec, 'path'>): string {
  return address === undefined ? `${spec.path ?? '0.0.0.0'} 0` : `${address} ${port}`
}
