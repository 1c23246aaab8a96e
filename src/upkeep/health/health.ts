import type { Clock } from '../../base/clock.ts'
import type { BackendDeclaration } from '../../vcl/runtime/context.ts'
import type { Admin } from '../../shm/health.ts'
import { RuleHealth, type RuleHealthParts } from './rule-health.ts'
import type { ProbeWindow } from './window.ts'

export type HealthParts = Omit<RuleHealthParts, 'name' | 'backends' | 'directors' | 'known'>

/** What a worker says (worker/config.ts). */
export interface Heard {
  /** The rule set. */
  readonly set: string
  readonly name: string
  readonly declared: BackendDeclaration | undefined
}

/** No two looks at what is due are closer than this. */
const STEP_MIN_MS = 5
/** Nor further apart. */
const STEP_MAX_MS = 3_600_000

/** The health of the backends of all rule sets that are in use: the manager's. One timer for all probes. */
export class Health {
  private readonly parts: HealthParts
  private readonly clock: Clock
  private readonly sets = new Map<string, RuleHealth>()
  private timer: NodeJS.Timeout | undefined
  private begun = false

  constructor(parts: HealthParts) {
    this.parts = parts
    this.clock = parts.clock
  }

  /** From now on these backends are probed. What workers need to know is the table's handle. */
  add(name: string, backends: readonly BackendDeclaration[], directors: readonly string[] = []): RuleHealth {
    const known = (target: string): ProbeWindow | undefined => this.windowOf(target)
    const made = new RuleHealth({ ...this.parts, name, backends, directors, known })
    this.remove(name)
    this.sets.set(name, made)
    if (this.begun) this.next()
    return made
  }

  /** The newest rules know best. */
  private windowOf(target: string): ProbeWindow | undefined {
    for (const set of [...this.sets.values()].toReversed()) {
      const window = set.windowOf(target)
      if (window !== undefined) return window
    }
    return undefined
  }

  /** The rule set is not in use any more: its probes end. */
  remove(name: string): void {
    this.sets.get(name)?.stop()
    this.sets.delete(name)
  }

  /** The rule set is not in use at the moment. */
  pause(name: string): void {
    this.sets.get(name)?.stop()
  }

  resume(name: string): void {
    this.sets.get(name)?.resume()
    if (this.begun) this.next()
  }

  get all(): readonly RuleHealth[] {
    return [...this.sets.values()]
  }

  /** That worker's thread has ended. */
  releaseAllOf(worker: number): void {
    for (const set of this.sets.values()) set.releaseAllOf(worker)
  }

  /** A worker has made a backend while it runs, or has given it up. */
  heard(worker: number, { set, name, declared }: Heard): void {
    if (declared === undefined) this.sets.get(set)?.unwatch(worker, name)
    else this.sets.get(set)?.watch(worker, declared)
    if (this.begun) this.next()
  }

  setAdmin(matches: (set: string, backend: string) => boolean, admin: Admin): string[] {
    const found: string[] = []
    for (const set of this.sets.values()) {
      for (const row of set.rows) {
        const { name } = row.declared
        if (!matches(set.name, name)) continue
        set.setAdmin(row, admin)
        found.push(`${set.name}.${name}`)
      }
    }
    return found
  }

  /** Undefined: there is no such director. */
  directorAdmin(set: string, director: string): Admin | undefined {
    return this.sets.get(set)?.directorAdmin(director)
  }

  setDirector(set: string, director: string, admin: Admin): void {
    this.sets.get(set)?.setDirector(director, admin)
  }

  /** From now on by itself. */
  begin(): void {
    this.begun = true
    this.next()
  }

  stop(): void {
    this.begun = false
    clearTimeout(this.timer)
    for (const set of this.sets.values()) set.stop()
  }

  /** Begins the probes that are due. Returns ms until the next one. */
  step(): number {
    this.clock.refresh()
    let next_ms = Infinity
    for (const set of this.sets.values()) next_ms = Math.min(next_ms, set.step())
    return next_ms - this.clock.mono_ms
  }

  private readonly next = (): void => {
    clearTimeout(this.timer)
    const wait_ms = this.step()
    if (wait_ms === Infinity) return
    this.timer = setTimeout(this.next, Math.min(Math.max(wait_ms, STEP_MIN_MS), STEP_MAX_MS))
    this.timer.unref()
  }
}
