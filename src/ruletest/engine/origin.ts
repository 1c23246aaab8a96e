import type { Duplex } from 'node:stream'
import type { Ip } from '../../base/ip.ts'
import type { RequestHead } from '../../http/message.ts'
import type {
  Backend,
  BackendSpec,
  FetchFailure,
  Origin,
  OriginCall,
  OriginHandler,
  OriginTimeouts,
  OutgoingBody,
} from '../../origin/contract.ts'
import { NO_TRAFFIC } from '../../origin/meter.ts'
import type { Answer } from '../language/ast.ts'
import { Answers } from './answers.ts'
import type { Calendar } from './calendar.ts'
import { type Exchange, FakeCall } from './exchange.ts'
import { PipedOrigin } from './piped.ts'

/** A backend whose health a test sets. */
export class FakeBackend implements Backend {
  readonly name: string
  readonly spec: BackendSpec
  healthy: boolean
  health_changed_s: number | undefined = undefined

  constructor(spec: BackendSpec) {
    this.name = spec.name
    this.spec = spec
    this.healthy = !spec.none
  }
}

/** All backends of the rules, in place of origin/'s: the same contract, and answers that a test has written. */
export class FakeOrigin implements Origin {
  readonly answers = new Answers()
  readonly exchanges: Exchange[] = []
  private readonly calendar: Calendar
  private readonly backends: FakeBackend[] = []

  constructor(calendar: Calendar) {
    this.calendar = calendar
  }

  add(spec: BackendSpec): FakeBackend {
    const backend = new FakeBackend(spec)
    this.backends.push(backend)
    return backend
  }

  backend(name: string): FakeBackend | undefined {
    return this.backends.find((backend) => backend.name === name)
  }

  /** All of that name: rules behind a label have their own. */
  named(name: string): readonly FakeBackend[] {
    return this.backends.filter((backend) => backend.name === name)
  }

  get names(): string[] {
    return [...new Set(this.backends.map((backend) => backend.name))]
  }

  fetch(
    backend: Backend,
    bereq: RequestHead,
    body: OutgoingBody | undefined,
    timeouts: OriginTimeouts,
    handler: OriginHandler,
  ): OriginCall {
    const answer = this.answers.take(backend.name, bereq)
    const [delay_ms, failure] = refusal(backend, answer, timeouts.connect_ms)
    if (failure !== undefined) return this.refused(delay_ms, failure, handler)
    const call = new FakeCall(this.exchanges.length + 1, backend.spec, answer, timeouts, handler, this.calendar)
    this.exchanges.push(call)
    call.start(bereq, backend.spec, body)
    return call
  }

  connect(
    backend: Backend,
    _client: { ip: Ip; server: Ip } | undefined,
    timeout_ms: number,
    done: (failure: FetchFailure | undefined, socket: Duplex | undefined) => void,
  ): void {
    const [delay_ms, failure] = refusal(backend, undefined, timeout_ms)
    if (failure !== undefined) return this.calendar.after(delay_ms, () => done(failure, undefined))
    const number = this.exchanges.length + 1
    const socket = new PipedOrigin(number, backend.name, this.answers)
    this.exchanges.push(socket)
    this.calendar.after(0, () => done(undefined, socket))
  }

  async close(): Promise<void> {}

  private refused(delay_ms: number, failure: FetchFailure, handler: OriginHandler): OriginCall {
    let aborted = false
    this.calendar.after(delay_ms, () => {
      if (!aborted) handler.onError(failure)
    })
    return { traffic: NO_TRAFFIC, pause: () => {}, resume: () => {}, abort: () => void (aborted = true) }
  }
}

/** Why there is no connection, and how long it takes to find out. */
function refusal({ name, spec, healthy }: Backend, answer: Answer | undefined, connect_ms: number): [number, FetchFailure | undefined] {
  if (spec.none) return [0, { kind: 'no_backend', message: `backend ${name} has no address` }]
  if (!healthy) return [0, { kind: 'unhealthy', message: `backend ${name} is sick` }]
  if (answer?.failure === 'refused') return [0, { kind: 'connect', message: `connect ECONNREFUSED ${name}` }]
  if (answer?.failure === 'unreachable') return [connect_ms, { kind: 'connect_timeout', message: `connect timeout ${name}` }]
  return [0, undefined]
}
