import { Pool } from './undici.ts'
import type { Dispatcher } from 'undici'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { RequestHead } from '../http/message.ts'
import { Call } from './call.ts'
import type { Carrier } from './call.ts'
import { Connection, ORIGIN } from './connection.ts'
import type { Line } from './connection.ts'
import type {
  Backend,
  BackendHealth,
  BackendSpec,
  FetchFailure,
  OriginCall,
  OriginHandler,
  OriginTimeouts,
  OutgoingBody,
} from './contract.ts'
import type { Deadlines } from './deadlines.ts'
import { Dialler } from './dial.ts'
import type { Dialled, DialOptions } from './dial.ts'
import { FailureError } from './failure.ts'
import { causeOf, holddownFor } from './holddown.ts'
import type { OriginObserver, OriginParameters } from './options.ts'
import { proxyPreamble } from './preamble.ts'
import type { ProxiedClient } from './preamble.ts'
import type { Names } from './resolve.ts'
import { WaitingLine, type Waiter } from './waiting.ts'

/** What all backends share. */
export interface Shared {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly parameters: OriginParameters
  readonly observe: (backend: string) => OriginObserver
  readonly dial: DialOptions
  readonly names: Names
}

export type Connected = (failure: FetchFailure | undefined, socket: Duplex | undefined) => void

/**
 * A backend with an address. A backend that wants a PROXY header speaks for one client per connection, so its
 * connections are not pooled.
 */
export class Upstream implements Backend, Carrier, Line {
  readonly name: string
  readonly spec: BackendSpec
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly parameters: OriginParameters
  readonly observer: OriginObserver
  connect_ms = 0
  readonly waiting: WaitingLine
  private readonly dialler: Dialler
  private readonly names: Shared['names']
  /** Those that it is reached by, if by any. */
  private readonly hosts: readonly string[]
  private version = 0
  private readonly health: BackendHealth
  private pool: Pool | undefined
  private client: ProxiedClient | undefined

  constructor(spec: BackendSpec, shared: Shared, health: BackendHealth) {
    this.name = spec.name
    this.spec = spec
    this.health = health
    this.clock = shared.clock
    this.deadlines = shared.deadlines
    this.parameters = shared.parameters
    this.observer = shared.observe(spec.name)
    this.dialler = new Dialler(spec, shared.dial)
    this.names = shared.names
    this.hosts = [spec.host, spec.via?.host].filter((host) => host !== undefined && isIP(host) === 0) as string[]
    this.waiting = new WaitingLine(shared.deadlines, () => {
      this.observer.count('backend_wait_fail')
      this.observer.count('backend_busy')
    })
  }

  get healthy(): boolean {
    return !this.spec.none && this.health.healthy
  }

  get health_changed_s(): number {
    return this.health.changed_s
  }

  /** Of all workers together. */
  get busy(): boolean {
    return this.spec.max_connections > 0 && this.health.open >= this.spec.max_connections
  }

  /** Room in the line of those who wait for a connection. */
  get mayWait(): boolean {
    return this.wait_ms > 0 && this.waiting.length < (this.spec.wait_limit ?? this.parameters.backend_wait_limit)
  }

  get wait_ms(): number {
    return this.spec.wait_timeout_ms ?? this.parameters.backend_wait_timeout * 1000
  }

  wait(waiter: Waiter): () => void {
    this.observer.count('backend_wait')
    this.health.awaited(true)
    return this.waiting.join(waiter, this.wait_ms)
  }

  /** A connection has become free, here or in another worker: as many go on as can. */
  freed = (): void => {
    for (let left = this.waiting.length; left > 0 && !this.busy; left--) this.waiting.next()
    this.health.awaited(this.waiting.length > 0)
  }

  fetch(bereq: RequestHead, body: OutgoingBody | undefined, timeouts: OriginTimeouts, handler: OriginHandler): OriginCall {
    this.begin()
    this.connect_ms = timeouts.connect_ms
    this.client = handler.client
    const call = new Call(this, timeouts, handler)
    call.start(bereq, body, this.spec.proxy_header !== 0)
    return call
  }

  dispatch(options: Dispatcher.DispatchOptions, call: Call, fresh: boolean): void {
    if (!fresh) {
      if (this.hosts.length > 0) this.followNames()
      this.pool ??= this.openPool()
      this.pool.dispatch(options, call)
      return
    }
    const connection = new Connection(this, this.preamble(this.client), false)
    connection.dispatch(options, call)
    void connection.close()
  }

  /** Connections to addresses that the names had before are not used any more: what is under way on them ends there. */
  private followNames(): void {
    const version = this.hosts.reduce((sum, host) => sum + this.names.versionOf(host), 0)
    if (version === this.version) return
    // The first answer comes with the first connection.
    if (this.version > 0) void this.close()
    this.version = version
  }

  release(): void {
    this.observer.running?.(-1)
    if (this.spec.max_connections === 0) return
    this.health.closed()
    // Not from within undici's parser.
    if (this.waiting.length > 0) queueMicrotask(this.freed)
  }

  private begin(): void {
    this.observer.running?.(1)
    if (this.spec.max_connections > 0) this.health.opened()
  }

  /** After a failure that will be there again none is tried for a moment: whoever wants one fails at once. */
  dial(timeout_ms: number, preamble: Buffer | undefined, done: Dialled, parsed: boolean): void {
    const { clock, observer, health } = this
    const held = health.heldDown(clock.wall_ms)
    if (held !== undefined) {
      observer.count('backend_fail')
      observer.failed?.('helddown')
      const failure = new FailureError('helddown', `backend ${this.name}: held down after ${held}`, held)
      return queueMicrotask(() => done(failure, undefined))
    }
    const dialled: Dialled = (error, socket) => {
      clock.refresh()
      if (error === undefined) observer.count('backend_conn')
      else this.failed(error)
      done(error, socket)
    }
    this.dialler.dial(timeout_ms, preamble, dialled, parsed)
  }

  private failed(error: FailureError): void {
    const { observer, health, parameters, clock } = this
    observer.count('backend_fail')
    observer.failed?.(causeOf(error))
    const holddown = holddownFor(error, parameters)
    if (holddown !== undefined) health.holdDown(holddown.code, clock.wall_ms + holddown.hold_ms)
  }

  connect(client: ProxiedClient | undefined, timeout_ms: number, done: Connected): void {
    this.begin()
    const dialled: Dialled = (error, socket) => {
      if (socket === undefined) {
        this.release()
        return done({ kind: error!.kind, message: error!.message }, undefined)
      }
      socket.once('close', () => this.release())
      done(undefined, socket)
    }
    this.dial(timeout_ms, this.preamble(client), dialled, false)
  }

  /** Idle connections end, running fetches go on. Another fetch opens new ones. */
  async close(): Promise<void> {
    const { pool } = this
    this.pool = undefined
    await pool?.close()
  }

  /** Running fetches fail. */
  async destroy(): Promise<void> {
    await this.pool?.destroy()
  }

  private preamble(client: ProxiedClient | undefined): Buffer | undefined {
    return this.spec.proxy_header === 0 ? undefined : proxyPreamble(this.spec.proxy_header, client)
  }

  private openPool(): Pool {
    const { max_connections } = this.spec
    return new Pool(ORIGIN, {
      factory: () => new Connection(this, undefined, true),
      connections: max_connections > 0 ? max_connections : null,
      allowH2: false,
    })
  }
}
