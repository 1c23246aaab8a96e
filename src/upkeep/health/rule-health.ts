import type { Clock } from '../../base/clock.ts'
import type { CounterValues } from '../../counters/counters.ts'
import { VBE } from '../../counters/counters.ts'
import { Dialler, type DialOptions } from '../../origin/dial.ts'
import { backendSpec } from '../../origin/spec.ts'
import { HealthTable, type Admin } from '../../shm/health.ts'
import type { BackendDeclaration } from '../../vcl/runtime/context.ts'
import { Attempt, requestOf } from './attempt.ts'
import { ProbeWindow, type ProbeOutcome } from './window.ts'

/** Nobody is probed more often than this, whatever the rules say. */
const INTERVAL_MIN_MS = 20
/** So many probes fit in a counter, which is a double: the newest. */
const COUNTED_BITS = 53

export interface RuleHealthParts {
  /** Of the rule set: "boot". */
  readonly name: string
  readonly backends: readonly BackendDeclaration[]
  readonly workers: number
  readonly clock: Clock
  readonly dial: DialOptions
  /** A backend's own counters. */
  readonly counters: (set: string, backend: string) => CounterValues
  /** A record of Backend_health. */
  readonly log: (text: string) => void
  /** A sentence for the operator. */
  readonly tell: (level: 'info' | 'warn', message: string) => void
}

/** A backend and its probe. */
interface Target {
  readonly i: number
  readonly declared: BackendDeclaration
  readonly window: ProbeWindow
  readonly request: Buffer
  readonly dialler: Dialler
  /** Monotonic. */
  due_ms: number
  /** What its probes have said last. */
  healthy: boolean
  /** Under way. While it is no other begins: whoever hangs is asked again when that is over. */
  running: Attempt | undefined
}

/**
 * The health of one rule set's backends, for as long as that is in use: probes, what operators say, and the table that
 * workers read. `stop` ends its probes; the table stays readable for requests that still run with these rules.
 */
export class RuleHealth {
  readonly name: string
  readonly table: HealthTable
  private readonly parts: RuleHealthParts
  private readonly targets: readonly Target[]
  private stopped = false

  constructor(parts: RuleHealthParts) {
    const { name, backends, workers, clock, dial } = parts
    this.name = name
    this.parts = parts
    clock.refresh()
    this.table = HealthTable.create(
      backends.map((backend) => backend.name),
      workers,
      clock.wall_ms / 1000,
    )
    this.targets = backends.flatMap((declared, i): Target[] => {
      if (declared.none || declared.probe === undefined) return []
      const spec = backendSpec(declared)
      const window = new ProbeWindow(declared.probe)
      const request = requestOf(declared.probe, spec)
      return [{ i, declared, window, request, dialler: new Dialler(spec, dial), due_ms: clock.mono_ms, healthy: true, running: undefined }]
    })
    for (const target of this.targets) this.judge(target, true)
  }

  get backends(): readonly BackendDeclaration[] {
    return this.parts.backends
  }

  /** What the probes of a backend came to; undefined: it has none. */
  windowOf(i: number): ProbeWindow | undefined {
    return this.targets.find((target) => target.i === i)?.window
  }

  setAdmin(i: number, admin: Admin): void {
    const { clock, tell, backends } = this.parts
    clock.refresh()
    const changes = this.table.setAdmin(i, admin, clock.wall_ms / 1000)
    if (changes) tell('warn', `backend ${this.name}.${backends[i].name} is ${this.stateOf(i)}: an operator has set it to ${admin}`)
  }

  /** Begins the probes that are due. Returns the time (monotonic) at which the next one will be. */
  step(): number {
    if (this.stopped) return Infinity
    const now_ms = this.parts.clock.mono_ms
    let next_ms = Infinity
    for (const target of this.targets) {
      if (target.due_ms <= now_ms) this.probe(target, now_ms)
      next_ms = Math.min(next_ms, target.due_ms)
    }
    return next_ms
  }

  /** No more probes; what is under way is abandoned. */
  stop(): void {
    this.stopped = true
    for (const target of this.targets) target.running?.abandon()
  }

  /** Probes go on where they were. */
  resume(): void {
    this.stopped = false
    for (const target of this.targets) {
      target.running = undefined
      target.due_ms = this.parts.clock.mono_ms
    }
  }

  private probe(target: Target, now_ms: number): void {
    const { window, declared } = target
    target.due_ms = now_ms + Math.max(window.probe.interval_s * 1000, INTERVAL_MIN_MS)
    if (target.running !== undefined) return
    target.running = new Attempt(window.probe, backendSpec(declared), target.request, (outcome) => this.probed(target, outcome))
    target.running.start(target.dialler)
  }

  private probed(target: Target, outcome: ProbeOutcome): void {
    target.running = undefined
    target.window.record(outcome)
    this.judge(target, false)
  }

  /** What follows from the window, and who hears of it. */
  private judge(target: Target, begins: boolean): void {
    const { clock, log, counters, tell } = this.parts
    const { i, declared, window } = target
    const { healthy } = window
    const went = healthy !== target.healthy
    target.healthy = healthy
    clock.refresh()
    this.table.setProbed(i, healthy, clock.wall_ms / 1000)
    log(recordOf(declared.name, went, window))
    counters(this.name, declared.name)[VBE.happy] = Number(BigInt.asUintN(COUNTED_BITS, window.bits.H))
    if (went && !begins) tell(healthy ? 'info' : 'warn', changeText(`${this.name}.${declared.name}`, window))
  }

  private stateOf(i: number): string {
    return this.table.isHealthy(i) ? 'healthy' : 'sick'
  }
}

/** "b1 Went healthy 4---X-RH 2 2 4 0.003567 0.001784 "HTTP/1.1 200 OK"" (vsl(7), Backend_health). */
function recordOf(name: string, went: boolean, window: ProbeWindow): string {
  const { good, probe, last_s, average_s, text } = window
  const state = `${went ? 'Went' : 'Still'} ${window.healthy ? 'healthy' : 'sick'}`
  return `${name} ${state} ${window.letters} ${good} ${probe.threshold} ${probe.window} ${last_s.toFixed(6)} ${average_s.toFixed(6)} "${text}"`
}

function changeText(name: string, { healthy, good, probe, text }: ProbeWindow): string {
  const state = healthy ? 'healthy' : 'sick'
  return `backend ${name} is ${state}: ${good} of the last ${probe.window} probes were good, ${probe.threshold} must be; the last one: ${text}`
}
