import type { RequestHead } from '../http/message.ts'
import type {
  Backend,
  BackendHealth,
  BackendSpec,
  FetchFailure,
  Origin,
  OriginCall,
  OriginHandler,
  OriginTimeouts,
  OutgoingBody,
} from './contract.ts'
import { Deadlines } from './deadlines.ts'
import { NO_TRAFFIC } from './meter.ts'
import type { OriginObserver, OriginOptions } from './options.ts'
import type { ProxiedClient } from './preamble.ts'
import { Resolver } from './resolve.ts'
import { Upstream } from './upstream.ts'
import type { Connected, Shared } from './upstream.ts'

const DNS_TTL_MS = 5000
/** Whose health nobody watches. */
const HEALTHY: BackendHealth = { healthy: true, changed_s: 0 }
const UNOBSERVED = { count: (): void => {} }

export function createOrigin(specs: readonly BackendSpec[], options: OriginOptions): Origins {
  const origin = new Origins(options)
  for (const spec of specs) origin.add(spec)
  return origin
}

/** All backends of a worker. */
export class Origins implements Origin {
  private readonly shared: Shared
  private readonly upstreams = new Map<string, Upstream>()
  /** Those of rule sets: several may have one of the same name. */
  private readonly opened = new Set<Upstream>()

  constructor(options: OriginOptions) {
    const { clock, parameters } = options
    const resolver = new Resolver(clock, options.dns_ttl_ms ?? DNS_TTL_MS, () => parameters.prefer_ipv6)
    this.shared = {
      clock,
      parameters,
      deadlines: new Deadlines(clock),
      observe: options.observe ?? (() => UNOBSERVED),
      dial: { lookup: resolver.lookup, tls_verify: options.tls_verify ?? true, tls_ca: options.tls_ca },
    }
  }

  /** Declares a backend; one of the same name is replaced, its running fetches go on. */
  add(spec: BackendSpec, health: BackendHealth = HEALTHY): Backend {
    this.remove(spec.name)
    const upstream = new Upstream(spec, this.shared, health)
    this.upstreams.set(spec.name, upstream)
    return upstream
  }

  /** Declares one for a rule set. */
  open(spec: BackendSpec, observer: OriginObserver, health: BackendHealth = HEALTHY): Backend {
    const upstream = new Upstream(spec, { ...this.shared, observe: () => observer }, health)
    this.opened.add(upstream)
    return upstream
  }

  /** It is not needed any more, or not soon: idle connections end, running fetches go on. */
  idle(backend: Backend): void {
    if (backend instanceof Upstream) void backend.close()
  }

  /** As `idle`, for good. */
  drop(backend: Backend): void {
    this.idle(backend)
    if (backend instanceof Upstream) this.opened.delete(backend)
  }

  remove(name: string): void {
    void this.upstreams.get(name)?.close()
    this.upstreams.delete(name)
  }

  backend(name: string): Backend | undefined {
    return this.upstreams.get(name)
  }

  fetch(
    backend: Backend,
    bereq: RequestHead,
    body: OutgoingBody | undefined,
    timeouts: OriginTimeouts,
    handler: OriginHandler,
  ): OriginCall {
    const chosen = this.choose(backend)
    if (chosen instanceof Upstream) return chosen.fetch(bereq, body, timeouts, handler)
    return new RefusedCall(chosen, handler)
  }

  connect(backend: Backend, client: ProxiedClient | undefined, timeout_ms: number, done: Connected): void {
    const chosen = this.choose(backend)
    if (chosen instanceof Upstream) chosen.connect(client, timeout_ms, done)
    else queueMicrotask(() => done(chosen, undefined))
  }

  /** Ends what has waited too long; runs by itself, and by hand where a test moves the clock. */
  sweep(): void {
    this.shared.deadlines.sweep()
  }

  async close(): Promise<void> {
    await Promise.all([...this.upstreams.values(), ...this.opened].map((upstream) => upstream.destroy()))
    this.shared.deadlines.stop()
  }

  private choose(backend: Backend): Upstream | FetchFailure {
    if (backend.spec.none) return { kind: 'no_backend', message: `backend ${backend.name} has no address` }
    if (!backend.healthy || !(backend instanceof Upstream)) return this.refuse(backend, 'unhealthy', `backend ${backend.name}: unhealthy`)
    if (backend.busy)
      return this.refuse(backend, 'busy', `backend ${backend.name}: busy, max_connections (${backend.spec.max_connections}) reached`)
    return backend
  }

  private refuse(backend: Backend, kind: 'unhealthy' | 'busy', message: string): FetchFailure {
    this.observerOf(backend).count(kind === 'busy' ? 'backend_busy' : 'backend_unhealthy')
    return { kind, message }
  }

  private observerOf(backend: Backend): OriginObserver {
    return backend instanceof Upstream ? backend.observer : this.shared.observe(backend.name)
  }
}

/** A fetch that never began: its failure comes in the next microtask, unless it is aborted before. */
class RefusedCall implements OriginCall {
  readonly traffic = NO_TRAFFIC
  private done = false

  constructor(failure: FetchFailure, handler: OriginHandler) {
    queueMicrotask(() => {
      if (!this.done) handler.onError(failure)
    })
  }

  pause(): void {}
  resume(): void {}

  abort(): void {
    this.done = true
  }
}
