import { isIP, Socket } from 'node:net'
import type { LookupFunction, SocketConstructorOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { BackendSpec } from './contract.ts'
import { parseIp } from '../base/ip.ts'
import { viaPreamble } from './preamble.ts'
import { codeOf, FailureError, messageOf } from './failure.ts'
import { ResponseSocket } from './socket.ts'

export interface DialOptions {
  readonly lookup: LookupFunction
  readonly tls_verify: boolean
  readonly tls_ca: string | undefined
}

export type Dialled = (error: FailureError | undefined, socket: Socket | undefined) => void

const READ_BYTES = 64 * 1024
const KEEPALIVE_MS = 60_000
/** What a timer can hold. The kernel gives a connection up long before. */
const TIMER_MAX_MS = 2 ** 31 - 1
const SETTINGS = {
  highWaterMark: READ_BYTES,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEPALIVE_MS,
} as SocketConstructorOpts
const noop = (): void => {}

/**
 * One connection to a backend: name, address, handshake, PROXY header, all within `timeout_ms`. TLS always runs
 * over a socket made here, so that every kind of origin goes the same way. `done` is called once, never synchronously.
 */
export class Dialler {
  private readonly spec: BackendSpec
  private readonly options: DialOptions
  private session: Buffer | undefined

  constructor(spec: BackendSpec, options: DialOptions) {
    this.spec = spec
    this.options = options
  }

  /** `header` goes out first, behind the backend's own preamble. `parsed`: all that comes is for undici's parser; else the socket is a stream like any other. */
  dial(timeout_ms: number, header: Buffer | undefined, done: Dialled, parsed = false): void {
    const { spec } = this
    const raw = parsed && !spec.tls ? new ResponseSocket(SETTINGS) : new Socket(SETTINGS)
    const opening = [spec.preamble, header].filter((bytes) => bytes !== undefined)
    this.watch(raw, timeout_ms, opening, done)
    if (spec.via === undefined) this.connect(raw)
    else this.connectVia(raw, opening)
  }

  private watch(raw: Socket, timeout_ms: number, opening: readonly Buffer[], done: Dialled): void {
    let current: Socket = raw
    const late = (): void => settle(new FailureError('connect_timeout', `connect timeout to ${target(this.spec)}`, 'ETIMEDOUT'))
    // Behind what has come meanwhile, where this thread stood still.
    const timer = timeout_ms <= TIMER_MAX_MS ? setTimeout(setImmediate, timeout_ms, late) : undefined
    let settled = false
    const settle = (error: FailureError | undefined): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      if (error === undefined) return done(undefined, current)
      current.destroy()
      raw.destroy()
      done(error, undefined)
    }
    const failed = (error: Error): void => settle(toFailure(error))
    const gone = (): void => settle(new FailureError('connect', `${target(this.spec)} closed the connection`))
    // These listeners stay: an error after the hand-over must not be an unhandled one.
    raw.on('error', failed).on('close', gone)
    raw.once('connect', () => {
      if (opening.length > 0) raw.write(Buffer.concat(opening))
      if (!this.spec.tls) return settle(undefined)
      current = this.secure(raw).on('error', failed).on('close', gone)
      current.once('secureConnect', () => settle(undefined))
    })
  }

  private connect(raw: Socket): void {
    const { path, host, port } = this.spec.via ?? this.spec
    const { lookup } = this.options
    try {
      if (path !== undefined) raw.connect({ path: systemPath(path) })
      else raw.connect({ host: host ?? 'localhost', port, lookup, autoSelectFamily: true })
    } catch (error) {
      // A port or path that Node refuses by throwing is a failed connection like any other.
      raw.destroy(error as Error)
    }
  }

  /** The proxy is told an address: a name is looked up before it is asked. */
  private connectVia(raw: Socket, opening: Buffer[]): void {
    const { host = 'localhost', port, authority, host_header } = this.spec
    const known = (address: string): void => {
      const to = parseIp(address, port)
      if (to === undefined) return void raw.destroy(new FailureError('resolve', `${address} is not an address`))
      opening.unshift(viaPreamble(to, authority ?? host_header ?? host))
      if (!raw.destroyed) this.connect(raw)
    }
    if (isIP(host) !== 0) return known(host)
    this.options.lookup(host, {}, (error, address) => {
      if (error !== null) raw.destroy(error)
      else known(address as string)
    })
  }

  private secure(raw: Socket): TLSSocket {
    const { options, session } = this
    const name = serverName(this.spec)
    const socket = connectTls({
      socket: raw,
      // SNI carries names only (RFC 6066 section 3); an address is still verified against the certificate.
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
      ...(options.tls_ca === undefined ? {} : { ca: options.tls_ca }),
      ...(session === undefined ? {} : { session }),
      rejectUnauthorized: options.tls_verify,
      ALPNProtocols: ['http/1.1'],
    })
    return socket.on('session', (fresh: Buffer) => (this.session = fresh)).on('error', noop)
  }
}

/** "host:port" or the path, for messages. */
export function target(spec: BackendSpec): string {
  const { path, host = 'localhost', port } = spec.via ?? spec
  if (path !== undefined) return path
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Of an abstract socket the name begins with a zero byte. */
function systemPath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path
}

function serverName(spec: BackendSpec): string {
  const name = spec.host_header ?? spec.host ?? 'localhost'
  return name.startsWith('[') ? name.slice(1, name.indexOf(']')) : name.replace(/:\d+$/, '')
}

function toFailure(error: Error): FailureError {
  if (error instanceof FailureError) return error
  const { syscall } = error as NodeJS.ErrnoException
  const kind = syscall === 'getaddrinfo' ? 'resolve' : codeOf(error) === 'ETIMEDOUT' ? 'connect_timeout' : 'connect'
  return new FailureError(kind, messageOf(error), codeOf(error))
}
