import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { FairTurns } from '../../../src/base/fair-turns.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import type { ClientConnection, CloseReason } from '../../../src/flow/client.ts'
import { parseListen } from '../../../src/listen/address.ts'
import { bindEndpoints } from '../../../src/listen/bind.ts'
import { Http1Context } from '../../../src/listen/http1-context.ts'
import type { ConnectionLimits } from '../../../src/listen/limits.ts'
import type { Session } from '../../../src/listen/observer.ts'
import { Listener } from '../../../src/listen/listener.ts'
import type { ReadPath } from '../../../src/listen/read-path.ts'
import { SendRing } from '../../../src/shm/send-ring.ts'
import { newTestRing } from '../../kit/send-rings.ts'

export const READ_PATHS: readonly ReadPath[] = ['raw', 'onread', 'events']

export const LIMITS: ConnectionLimits = {
  timeout_idle: 5,
  timeout_linger: 0.05,
  timeout_req: 10,
  send_timeout: 600,
  idle_send_timeout: 60,
  max_connections: 100,
  listen_depth: 128,
  http_req_size: 32 * 1024,
  http_req_hdr_len: 8 * 1024,
  http_max_hdr: 64,
}

export interface FrontOptions {
  path: ReadPath
  flow: (connection: ClientConnection) => void
  listen?: string
  /** Other workers listen there, too. */
  shared?: boolean
  limits?: Partial<ConnectionLimits>
  /** False: each answer is a system call of its own. `raw` has one otherwise, where the kernel has. */
  ring?: boolean
}

function newRing(): SendRing | undefined {
  const place = newTestRing()
  return place && new SendRing(place)
}

/** A listener with a flow of one function, a clock that the test advances, and a record of what the observer was told. */
export class Front {
  readonly clock = new ManualClock()
  readonly events: string[] = []
  readonly closings: CloseReason[] = []
  readonly context: Http1Context
  readonly listener: Listener
  readonly sessions: Session[] = []
  target: { port: number; host: string } | { path: string } = { port: 0, host: '' }
  private changed: (() => void)[] = []

  constructor(options: FrontOptions) {
    let xid = 0
    this.context = new Http1Context({
      flow: { request: options.flow },
      clock: this.clock,
      turns: new FairTurns(),
      limits: { ...LIMITS, ...options.limits },
      nextXid: () => ++xid,
      ring: options.path === 'raw' && options.ring !== false ? newRing() : undefined,
      observer: {
        opened: (session) => {
          this.sessions.push(session)
          this.note('opened')
        },
        proxied: () => this.note('proxied'),
        closed: (_session, reason) => {
          this.closings.push(reason)
          this.note(`closed ${reason}`)
        },
        pipelined: () => this.note('pipelined'),
        refused: (_session, refusal) => this.note(`refused ${refusal.status}`),
        proxyRefused: (_session, reason) => this.note(`proxy refused: ${reason}`),
        dropped: (name) => this.note(`dropped ${name}`),
        acceptFailed: (_name, error) => this.note(`accept failed ${error.message}`),
        failed: (_session, error) => this.note(`failed ${String(error)}`),
      },
    })
    this.listener = new Listener(this.context, options.path)
  }

  note(event: string): void {
    this.events.push(event)
    for (const wake of this.changed.splice(0)) wake()
  }

  /** Waits until the observer, or the flow through `note`, has said so. */
  async until(event: string, times = 1): Promise<void> {
    while (this.events.filter((e) => e === event).length < times) await new Promise<void>((resolve) => this.changed.push(resolve))
  }

  /** Time passes, and the sweep looks at it. */
  advance(ms: number): void {
    this.clock.advance(ms)
    this.context.sweep.sweep()
  }

  connect(): Client {
    return new Client(connect({ ...this.target, noDelay: true, allowHalfOpen: true }))
  }
}

export async function startFront(options: FrontOptions): Promise<Front> {
  const front = new Front(options)
  const wanted = await bindEndpoints(parseListen([options.listen ?? '127.0.0.1:0']))
  const [endpoint] = await front.listener.listen(wanted, options.shared)
  // The manual clock is swept by hand.
  front.context.sweep.stop()
  front.target = endpoint.path === undefined ? { port: endpoint.port, host: endpoint.host } : { path: endpoint.path }
  return front
}

/** A client that sends exactly what it is told and collects what comes. */
export class Client {
  readonly socket: Socket
  text = ''
  ended = false
  error: string | undefined = undefined
  private changed: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      this.text += chunk
      this.wake()
    })
    socket.on('end', () => {
      this.ended = true
      this.wake()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code
      this.wake()
    })
    socket.on('close', () => this.wake())
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Resolves once the kernel has taken what was sent before. */
  async sent(text: string): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(text, 'latin1', () => resolve()))
  }

  private wake(): void {
    for (const wake of this.changed.splice(0)) wake()
  }

  private async until(met: () => boolean): Promise<void> {
    while (!met()) {
      if (this.ended || this.socket.destroyed) throw new Error(`the connection ended (${this.error}) after: ${JSON.stringify(this.text)}`)
      await new Promise<void>((resolve) => this.changed.push(resolve))
    }
  }

  /** Waits until more has come. */
  async more(): Promise<void> {
    const { length } = this.text
    await this.until(() => this.text.length > length)
  }

  /** Waits for the text and returns all up to its end, which is taken off. */
  async read(text: string): Promise<string> {
    await this.until(() => this.text.includes(text))
    const end = this.text.indexOf(text) + text.length
    const taken = this.text.slice(0, end)
    this.text = this.text.slice(end)
    return taken
  }

  async readBytes(size_bytes: number): Promise<string> {
    await this.until(() => this.text.length >= size_bytes)
    const taken = this.text.slice(0, size_bytes)
    this.text = this.text.slice(size_bytes)
    return taken
  }

  /** Everything until the server's end; "RST" at the end of it if the connection was reset. */
  async readToEnd(): Promise<string> {
    while (!this.ended && !this.socket.destroyed) await new Promise<void>((resolve) => this.changed.push(resolve))
    return this.text + (this.error === 'ECONNRESET' ? 'RST' : '')
  }

  close(): void {
    this.socket.destroy()
  }

  async connected(): Promise<this> {
    if (this.socket.connecting) await once(this.socket, 'connect')
    return this
  }
}

/** A whole response; its body is the text. */
export function ok(text: string, connection = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n${connection}\r\n${text}`
}

/** Answers with the target, and closes or not as the connection says. */
export function echoTarget(connection: ClientConnection): void {
  const text = connection.req.url
  const head = ok(text, connection.keepAlive ? '' : 'Connection: close\r\n').slice(0, -text.length)
  connection.respond(head, Buffer.from(text, 'latin1'))
}

/** A promise and its resolver. */
export function gate<T = void>(): { open: (value: T) => void; opened: Promise<T> } {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { open: resolve, opened: promise }
}

/** Lets the event loop turn so often that whatever could go on without a limit would have. */
export async function manyTurns(): Promise<void> {
  for (let i = 0; i < 300; i++) await new Promise((resolve) => setImmediate(resolve))
}
