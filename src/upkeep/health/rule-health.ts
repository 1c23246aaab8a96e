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
  /** Names of objects that may be directors. */
  readonly directors: readonly string[]
  readonly workers: number
  readonly clock: Clock
  readonly dial: DialOptions
  /** A backend's own counters. */
  readonly counters: (set: string, backend: string) => CounterValues
  /** A record of Backend_health. */
  readonly log: (text: string) => void
  /** What rules that are in use already know of a backend. */
  readonly known?: (target: string) => ProbeWindow | undefined
  /** A sentence for the operator. */
  readonly tell: (level: 'info' | 'warn', message: string) => void
}

/** A backend and its probe. */
interface Target {
  readonly i: number
  readonly declared: BackendDeclaration
  /** Whom it asks, and how: the same of the same backend in other rules. */
  readonly key: string
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

/** A backend of the table. */
export interface Row {
  readonly i: number
  readonly declared: BackendDeclaration
  /** Undefined: it has no probe. */
  readonly target: Target | undefined
  /** The workers that use it, of one that rules have made while they run. */
  readonly users: Set<number> | undefined
}

/**
 * The health of one rule set's backends, for as long as that is in use: probes, what operators say, and the table that
 * workers read. `stop` ends its probes; the table stays readable for requests that still run with these rules.
 */
export class RuleHealth {
  readonly name: string
  readonly table: HealthTable
  private readonly parts: RuleHealthParts
  private readonly list: Row[] = []
  private stopped = false

  constructor(parts: RuleHealthParts) {
    const { name, backends, directors, workers, clock } = parts
    this.name = name
    this.parts = parts
    clock.refresh()
    const names = [...backends.map((backend) => backend.name), ...directors]
    this.table = HealthTable.create(names, workers, clock.wall_ms / 1000)
    for (const [i, declared] of backends.entries()) this.admit(i, declared, undefined)
  }

  /** Declared ones first. */
  get rows(): readonly Row[] {
    return this.list
  }

  /** A worker has made a backend while it runs: all that have made the same share its health, and one probe. */
  watch(worker: number, declared: BackendDeclaration): void {
    const known = this.list.find(({ declared: { name }, users }) => users !== undefined && name === declared.name)
    if (known !== undefined) return void known.users!.add(worker)
    const { clock } = this.parts
    clock.refresh()
    const i = this.table.seat(declared.name, clock.wall_ms / 1000)
    if (i !== undefined) this.admit(i, declared, new Set([worker]))
  }

  /** It does not use it any more. */
  unwatch(worker: number, name: string): void {
    for (const row of this.list) if (row.users !== undefined && row.declared.name === name) this.leave(row, worker)
  }

  /** That worker's thread has ended. */
  releaseAllOf(worker: number): void {
    this.table.releaseAllOf(worker)
    const made = this.list.filter(({ users }) => users !== undefined)
    for (const row of made) this.leave(row, worker)
  }

  private leave(row: Row, worker: number): void {
    row.users!.delete(worker)
    if (row.users!.size > 0) return
    row.target?.running?.abandon()
    this.table.clear(row.i)
    this.list.splice(this.list.indexOf(row), 1)
  }

  private admit(i: number, declared: BackendDeclaration, users: Set<number> | undefined): void {
    const target = this.targetOf(i, declared)
    this.list.push({ i, declared, target, users })
    if (target !== undefined) this.judge(target, true)
    else this.show(i, declared)
  }

  private targetOf(i: number, declared: BackendDeclaration): Target | undefined {
    const { clock, dial } = this.parts
    const { none, probe } = declared
    if (none || probe === undefined) return undefined
    const spec = backendSpec(declared)
    const dialler = new Dialler(spec, dial)
    const request = requestOf(probe, spec)
    const key = keyOf(declared)
    const window = new ProbeWindow(probe, this.parts.known?.(key))
    return { i, declared, key, window, request, dialler, due_ms: clock.mono_ms, healthy: true, running: undefined }
  }

  /** What has been learnt of that target. */
  windowOf(key: string): ProbeWindow | undefined {
    return this.list.find(({ target }) => target?.key === key)?.target?.window
  }

  setAdmin({ i, declared }: Row, admin: Admin): void {
    const { clock, tell } = this.parts
    clock.refresh()
    const changes = this.table.setAdmin(i, admin, clock.wall_ms / 1000)
    this.show(i, declared)
    if (changes) tell('warn', `backend ${this.name}.${declared.name} is ${this.stateOf(i)}: an operator has set it to ${admin}`)
  }

  /** Undefined: there is no such director. */
  directorAdmin(director: string): Admin | undefined {
    const i = this.directorCell(director)
    return i < 0 ? undefined : this.table.admin(i)
  }

  setDirector(director: string, admin: Admin): void {
    const { clock, tell } = this.parts
    const i = this.directorCell(director)
    if (i < 0 || this.table.admin(i) === admin) return
    clock.refresh()
    this.table.setDirector(i, admin, clock.wall_ms / 1000)
    const now = admin === 'probe' ? 'is as its backends are again' : `is ${admin}`
    tell('warn', `director ${this.name}.${director} ${now}: an operator has set it to ${admin}`)
  }

  /** Behind those of the backends. */
  private directorCell(director: string): number {
    return this.table.names.indexOf(director, this.parts.backends.length)
  }

  /** Begins the probes that are due. Returns the time (monotonic) at which the next one will be. */
  step(): number {
    if (this.stopped) return Infinity
    const now_ms = this.parts.clock.mono_ms
    let next_ms = Infinity
    for (const { target } of this.list) {
      if (target === undefined) continue
      if (target.due_ms <= now_ms) this.probe(target, now_ms)
      next_ms = Math.min(next_ms, target.due_ms)
    }
    return next_ms
  }

  /** No more probes; what is under way is abandoned. */
  stop(): void {
    this.stopped = true
    for (const { target } of this.list) target?.running?.abandon()
    this.showAll()
  }

  /** Probes go on where they were. */
  resume(): void {
    this.stopped = false
    for (const { target } of this.list) {
      if (target === undefined) continue
      target.running = undefined
      target.due_ms = this.parts.clock.mono_ms
    }
    this.showAll()
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
    this.show(i, declared)
    log(recordOf(declared.name, went, window))
    counters(this.name, declared.name)[VBE.happy] = Number(BigInt.asUintN(COUNTED_BITS, window.bits.H))
    if (went && !begins) tell(healthy ? 'info' : 'warn', changeText(`${this.name}.${declared.name}`, window))
  }

  private showAll(): void {
    for (const { i, declared } of this.list) this.show(i, declared)
  }

  /** Of rules that nobody uses no alarm is to be given: their probes have stopped. */
  private show(i: number, { name }: BackendDeclaration): void {
    this.parts.counters(this.name, name)[VBE.up] = this.stopped || this.table.isHealthy(i) ? 1 : 0
  }

  private stateOf(i: number): string {
    return this.table.isHealthy(i) ? 'healthy' : 'sick'
  }
}

/** All of a declaration that a probe's answer depends on. */
function keyOf({ host, port, path, tls, host_header, proxy_header, preamble, through, authority, probe }: BackendDeclaration): string {
  return JSON.stringify([host, port, path, tls, host_header, proxy_header, preamble, through, authority, probe])
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
