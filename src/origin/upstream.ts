import { Pool } from './undici.ts'
import type { Dispatcher } from 'undici'
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
import type { DialOptions } from './dial.ts'
import type { OriginObserver, OriginParameters } from './options.ts'
import { proxyPreamble } from './preamble.ts'
import type { ProxiedClient } from './preamble.ts'

/** What all backends share. */
export interface Shared {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly parameters: OriginParameters
  readonly observe: (backend: string) => OriginObserver
  readonly dial: DialOptions
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
  readonly dialler: Dialler
  connect_ms = 0
  /** Fetches and pipes under way. */
  running = 0
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
  }

  get healthy(): boolean {
    return !this.spec.none && this.health.healthy
  }

  get health_changed_s(): number {
    return this.health.changed_s
  }

  get busy(): boolean {
    return this.spec.max_connections > 0 && this.running >= this.spec.max_connections
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
      this.pool ??= this.openPool()
      this.pool.dispatch(options, call)
      return
    }
    const connection = new Connection(this, this.preamble(this.client), false)
    connection.dispatch(options, call)
    void connection.close()
  }

  release(): void {
    this.running--
    this.observer.running?.(-1)
  }

  private begin(): void {
    this.running++
    this.observer.running?.(1)
  }

  connect(client: ProxiedClient | undefined, timeout_ms: number, done: Connected): void {
    this.begin()
    this.dialler.dial(timeout_ms, this.preamble(client), (error, socket) => {
      this.observer.count(error === undefined ? 'backend_conn' : 'backend_fail')
      if (socket === undefined) {
        this.release()
        return done({ kind: error!.kind, message: error!.message }, undefined)
      }
      socket.once('close', () => this.release())
      done(undefined, socket)
    })
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
