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
import { HealthTable } from '../shm/health.ts'
import { Resolver, only, type Names, type NameSources } from './resolve.ts'
import type { Naming } from './directors/dynamic.ts'
import { Upstream } from './upstream.ts'
import type { Connected, Shared } from './upstream.ts'
import { WaitingCall } from './waiting.ts'

const UNOBSERVED = { count: (): void => {} }

export function createOrigin(specs: readonly BackendSpec[], options: OriginOptions): Origins {
  const origin = new Origins(options)
  for (const spec of specs) origin.add(spec)
  return origin
}

/** All backends of a worker. */
export class Origins implements Origin {
  private readonly shared: Shared
  private readonly sources: NameSources | undefined
  private readonly upstreams = new Map<string, Upstream>()
  /** Those of rule sets: several may have one of the same name. */
  private readonly opened = new Set<Upstream>()

  constructor(options: OriginOptions) {
    this.sources = options.names
    const { clock, parameters } = options
    const names = new Resolver(clock, () => parameters.prefer_ipv6, options.names)
    this.shared = {
      clock,
      parameters,
      deadlines: new Deadlines(clock),
      observe: options.observe ?? (() => UNOBSERVED),
      names,
      dial: { lookup: names.lookup, tls_verify: options.tls_verify ?? true, tls_ca: options.tls_ca },
    }
  }

  /** Declares a backend; one of the same name is replaced, its running fetches go on. */
  add(spec: BackendSpec, health: BackendHealth = unwatched(spec.name)): Backend {
    this.remove(spec.name)
    const upstream = new Upstream(spec, this.shared, health)
    this.upstreams.set(spec.name, upstream)
    return upstream
  }

  /** Declares one for a rule set. */
  open(
    spec: BackendSpec,
    observer: OriginObserver,
    health: BackendHealth = unwatched(spec.name),
    names: Names = this.shared.names,
  ): Backend {
    const dial = { ...this.shared.dial, lookup: names.lookup }
    const upstream = new Upstream(spec, { ...this.shared, names, dial, observe: () => observer }, health)
    this.opened.add(upstream)
    return upstream
  }

  /** A way of looking names up that is not that of the others. */
  naming({ keep, allows }: Naming): Names {
    const { clock, parameters } = this.shared
    const own = new Resolver(clock, () => parameters.prefer_ipv6, this.sources, keep)
    return allows === undefined ? own : { versionOf: (host) => own.versionOf(host), lookup: only(own.lookup, allows) }
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
    if (chosen.kind !== 'busy' || !this.mayWait(backend)) return new RefusedCall(chosen, handler)
    const begin = (): OriginCall | FetchFailure => this.unfit(backend) ?? backend.fetch(bereq, body, timeouts, handler)
    const call = new WaitingCall(begin, handler, chosen)
    call.leave = backend.wait(call)
    return call
  }

  connect(backend: Backend, client: ProxiedClient | undefined, timeout_ms: number, done: Connected): void {
    const chosen = this.choose(backend)
    if (chosen instanceof Upstream) return chosen.connect(client, timeout_ms, done)
    if (chosen.kind !== 'busy' || !this.mayWait(backend)) return queueMicrotask(() => done(chosen, undefined))
    const go = (): void => {
      const unfit = this.unfit(backend)
      if (unfit === undefined) backend.connect(client, timeout_ms, done)
      else done(unfit, undefined)
    }
    backend.wait({ go, giveUp: () => done(chosen, undefined) })
  }

  /** Another worker has given a connection back that somebody here may wait for. */
  rung(): void {
    for (const upstream of this.upstreams.values()) if (upstream.waiting.length > 0) upstream.freed()
    for (const upstream of this.opened) if (upstream.waiting.length > 0) upstream.freed()
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
    const unfit = this.unfit(backend)
    if (unfit !== undefined) return unfit
    const upstream = backend as Upstream
    return upstream.busy
      ? { kind: 'busy', message: `backend ${backend.name}: busy, max_connections (${backend.spec.max_connections}) reached` }
      : upstream
  }

  private unfit(backend: Backend): FetchFailure | undefined {
    if (backend.spec.none) return { kind: 'no_backend', message: `backend ${backend.name} has no address` }
    if (backend.healthy && backend instanceof Upstream) return undefined
    this.observerOf(backend).count('backend_unhealthy')
    return { kind: 'unhealthy', message: `backend ${backend.name}: unhealthy` }
  }

  private mayWait(backend: Backend): backend is Upstream {
    if (!(backend instanceof Upstream)) return false
    if (!backend.mayWait) backend.observer.count('backend_busy')
    return backend.mayWait
  }

  piped(backend: Backend, head_bytes: number, to_bytes: number, from_bytes: number): void {
    this.observerOf(backend).piped?.(head_bytes, to_bytes, from_bytes)
  }

  private observerOf(backend: Backend): OriginObserver {
    return backend instanceof Upstream ? backend.observer : this.shared.observe(backend.name)
  }
}

/** Whose health nobody else watches. */
function unwatched(name: string): BackendHealth {
  return HealthTable.create([name], 1, 0, 0).cell(name, 0)!
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
