import { Fault, STATUS } from '../admin/fault.ts'
import {
  RULE_STATES,
  type RuleDeps,
  type RuleSymbols,
  type RuleRow,
  type RuleSets as RuleSetsContract,
  type RuleState,
  type RuleText,
} from '../admin/rule-sets.ts'
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { CounterBlock, MAIN, type CounterSet, type CounterValues } from '../counters/counters.ts'
import type { HealthHandle } from '../shm/health.ts'
import type { BackendDeclaration } from '../vcl/runtime/context.ts'
import { directorNames } from '../vcl/symbol-table.ts'
import type { RuleCounts, RuleFaults, RuleOrder, RuleTable } from '../worker/config.ts'
import { checkName, RuleNames } from './rule-names.ts'
import { type Entry, Label, RuleSet, setOf } from './rule-set.ts'
import type { CheckedRules, RuleSource } from './rules.ts'
import { Turns } from './turns.ts'

/** Who watches over the health of backends, by the names of their rule sets. */
export interface RuleWatch {
  add(
    name: string,
    backends: readonly BackendDeclaration[],
    directors: readonly string[],
  ): { readonly table: { readonly handle: HealthHandle } }
  remove(name: string): void
  pause(name: string): void
  resume(name: string): void
}

/** Others who have to know which rule sets there are. */
export interface RuleListener {
  /** It is there in all workers, or about to be at the start. */
  loaded?(set: RuleSet): void
  /** Requests go by this one from now on. */
  used?(set: RuleSet): void
  /** It has been discarded; requests may still go by it. */
  discarded?(set: RuleSet): void
  /** It has ended in all workers. */
  over?(set: RuleSet): void
}

export interface RuleSetsParts {
  readonly workers: number
  readonly counters: CounterSet
  readonly clock: Clock
  /** vcl_cooldown. */
  readonly parameters: { readonly vcl_cooldown: number }
  /** Reads a file, as `-f` does. */
  readonly read: (path: string) => RuleSource
  /** Throws what the operator should read. */
  readonly check: (source: RuleSource, labels: readonly string[]) => CheckedRules
  /** Anything else to be asked before rules are let in: throws what the operator should read. */
  readonly vet?: (rules: CheckedRules) => Promise<void>
  /** All workers, each of which answers: Workers.rule. */
  readonly tell: (of: (slot: number) => RuleOrder) => Promise<(RuleCounts | undefined)[]>
  readonly warn: (line: string) => void
}

/**
 * The manager's rule sets. What is said here is what a worker begins with, so that one that takes a dead one's place during a change is not
 * forgotten: the table is changed first, then the workers are told, and if one refuses, it is changed back.
 */
export class RuleSets implements RuleSetsContract {
  readonly listeners: RuleListener[] = []
  private readonly parts: RuleSetsParts
  private readonly names = new RuleNames()
  /** Discarded ones that have not ended in all workers. */
  private readonly ending = new Map<number, RuleSet>()
  private readonly turns = new Turns()
  private readonly own = new CounterBlock('MAIN')
  /** Undefined only until some are loaded: workers do not run without. */
  private current: Entry | undefined
  private health: RuleWatch | undefined
  private last_id = 0

  constructor(parts: RuleSetsParts) {
    this.parts = parts
    parts.counters.add(this.own.handle)
  }

  /** Rules at the start, before there are workers: the last ones are active. */
  begin(name: string, rules: CheckedRules): void {
    this.current = this.admit(name, rules)
    this.settle()
  }

  /** The health of their backends from now on, probes and all. */
  watch(health: RuleWatch): void {
    this.health = health
    for (const set of this.names.sets()) set.health = this.watched(set)
  }

  /** What the manager counts of a backend. */
  countersOf(set: string, backend: string): CounterValues {
    const entry = this.names.has(set) ? this.names.find(set) : undefined
    const block = entry instanceof RuleSet ? entry.ownBlock(backend) : undefined
    return (block ?? new CounterBlock('VBE')).values
  }

  get active(): RuleSet {
    const { chosen } = this
    assert(chosen !== undefined, 'workers run with rules that were chosen')
    return chosen
  }

  get chosen(): RuleSet | undefined {
    return this.current === undefined ? undefined : setOf(this.current)
  }

  sets(): readonly RuleSet[] {
    return this.names.sets()
  }

  /** The active rules, and those that they lead to through labels, one or several steps away. */
  reachable(): { readonly active: RuleSet; readonly labels: readonly (readonly [label: string, set: RuleSet])[] } {
    const found = new Map<string, RuleSet>()
    const pending = [...this.active.rules.labels]
    for (let label = pending.pop(); label !== undefined; label = pending.pop()) {
      if (found.has(label) || !this.names.has(label)) continue
      const set = setOf(this.names.find(label))
      found.set(label, set)
      pending.push(...set.rules.labels)
    }
    return { active: this.active, labels: [...found] }
  }

  // What the workers' lives need.

  tableOf(slot: number): RuleTable {
    return {
      sets: this.names.sets().map((set) => set.imageFor(slot)),
      active: this.active.id,
      labels: this.names.labels().map(({ name, target }) => [name, target.id] as const),
    }
  }

  began(slot: number, faults: RuleFaults): void {
    for (const [id, why] of faults) {
      const set = this.names.sets().find((one) => one.id === id)
      this.parts.warn(`worker ${slot}: rule set ${set?.name ?? id} cannot be used there: ${why}`)
    }
  }

  /** A discarded one has ended in that worker. */
  over(slot: number, id: number): void {
    const set = this.ending.get(id)
    if (set === undefined) return
    set.remaining.delete(slot)
    if (set.remaining.size === 0) this.end(set)
  }

  buried(slot: number): void {
    for (const set of [...this.names.sets(), ...this.ending.values()]) set.buried(slot)
    const ending = Array.from(this.ending.keys())
    for (const id of ending) this.over(slot, id)
  }

  // What an operator can do.

  load(name: string, path: string, state?: string): Promise<string> {
    return this.turns.take(() => this.admitted(name, () => this.parts.read(path), state))
  }

  inline(name: string, text: string, state?: string): Promise<string> {
    return this.turns.take(() => this.admitted(name, () => ({ path: '<vcl.inline>', text }), state))
  }

  use(name: string): Promise<void> {
    return this.turns.take(async () => {
      const entry = this.names.find(name)
      const set = setOf(entry)
      if (set.state === 'cold') throw new Fault(STATUS.cant, `VCL '${name}' is cold - set to auto or warm first`)
      await this.tell({ does: 'find', id: set.id })
      this.warmUp(set)
      const before = this.current
      this.current = entry
      this.settle()
      try {
        await this.tell({ does: 'use', id: set.id })
      } catch (error) {
        this.current = before
        this.settle()
        if (this.chosen !== undefined) await this.tell({ does: 'use', id: this.chosen.id }).catch(() => {})
        throw error
      }
      for (const listener of this.listeners) listener.used?.(set)
    })
  }

  label(label: string, name: string): Promise<void> {
    return this.turns.take(async () => {
      checkName(label)
      const target = this.names.find(name)
      if (target instanceof Label) throw new Fault(STATUS.cant, 'VCL labels cannot point to labels')
      const known = this.names.has(label) ? this.names.find(label) : undefined
      if (known instanceof RuleSet) throw new Fault(STATUS.param, `${label} is not a label`)
      this.names.checkLoop(label, target)
      if (target.state === 'cold') throw new Fault(STATUS.cant, `VCL '${name}' is cold - set to auto or warm first`)
      await this.tell({ does: 'find', id: target.id })
      this.warmUp(target)
      if (known === undefined) this.names.add(new Label(label, target))
      else known.target = target
      await this.tell({ does: 'label', label, id: target.id })
      if (known !== undefined && known === this.current) await this.tell({ does: 'use', id: target.id })
      this.settle()
    })
  }

  discard(patterns: readonly string[]): Promise<void> {
    return this.turns.take(async () => {
      for (const entry of this.names.discardable(patterns, this.current)) await this.remove(entry)
    })
  }

  state(name: string, wanted: string): Promise<void> {
    return this.turns.take(async () => {
      const state = stateNamed(wanted)
      const entry = this.names.find(name)
      if (entry instanceof Label) throw new Fault(STATUS.param, 'Labels are always warm')
      if (state === 'cold' && entry === this.chosen) throw new Fault(STATUS.cant, 'Cannot set the active VCL cold.')
      if (state === 'cold' && this.names.labelsOf(entry).length > 0) throw new Fault(STATUS.cant, 'A labeled VCL cannot be set cold')
      entry.state = state
      if (state === 'cold') await this.cool(entry)
      else if (state === 'warm') this.warmUp(entry)
      this.settle()
    })
  }

  async list(): Promise<RuleRow[]> {
    const busy = await this.busy()
    const sets = this.names.all().map((entry) => this.rowOf(entry, busy))
    return [...sets, ...[...this.ending.values()].map((set) => ({ ...this.rowOf(set, busy), status: 'discarded' as const }))]
  }

  deps(): RuleDeps[] {
    return this.names.all().map((entry) => ({ name: entry.name, deps: entry instanceof Label ? [entry.target.name] : entry.rules.labels }))
  }

  symbols(): RuleSymbols[] {
    return this.names.sets().map(({ name, rules }) => ({ name, symbols: rules.symbols }))
  }

  show(name?: string): readonly RuleText[] {
    if (name !== undefined && !this.names.has(name)) throw new Fault(STATUS.param, `No VCL named '${name}'`)
    const entry = name === undefined ? this.current : this.names.find(name)
    if (entry === undefined) throw new Fault(STATUS.param, 'No active VCL')
    return setOf(entry).rules.sources
  }

  /** Auto ones that nobody has used for vcl_cooldown become cold. Runs now and then. */
  async tend(): Promise<void> {
    const due_ms = this.now_ms() - this.parts.parameters.vcl_cooldown * 1000
    for (const set of this.names.sets()) if (set.isIdleSince(due_ms)) await this.turns.take(() => this.coolIdle(set, due_ms))
  }

  /** Asked again when it is its turn: it may have been used, labelled or discarded before, and its name may be another's. */
  private async coolIdle(set: RuleSet, due_ms: number): Promise<void> {
    if (set.isIdleSince(due_ms) && this.names.sets().includes(set)) await this.cool(set)
  }

  private async admitted(name: string, read: () => RuleSource, wanted = 'auto'): Promise<string> {
    const state = stateNamed(wanted)
    checkName(name)
    if (this.names.has(name)) throw new Fault(STATUS.param, `Already a VCL named ${name}`)
    const rules = await this.checked(read)
    const set = this.admit(name, rules)
    try {
      await this.parts.tell((slot) => ({ does: 'load', set: set.imageFor(slot) }))
    } catch (error) {
      // Whoever does not answer is told all the same, in its turn.
      await this.remove(set).catch(() => {})
      throw new Fault(STATUS.param, messageOf(error))
    }
    set.state = state
    if (state === 'cold') await this.cool(set)
    return rules.warnings
  }

  private async checked(read: () => RuleSource): Promise<CheckedRules> {
    try {
      const labels = this.names.labels().map(({ name }) => name)
      const rules = this.parts.check(read(), labels)
      await this.parts.vet?.(rules)
      return rules
    } catch (error) {
      throw new Fault(STATUS.param, error instanceof Error ? error.message : messageOf(error))
    }
  }

  private admit(name: string, rules: CheckedRules): RuleSet {
    const set = new RuleSet(++this.last_id, name, rules, this.parts.workers)
    this.parts.counters.rest(name, false)
    for (const block of set.blocks.flat()) this.parts.counters.add(block.handle)
    this.names.add(set)
    set.health = this.watched(set)
    this.settle()
    for (const listener of this.listeners) listener.loaded?.(set)
    return set
  }

  private watched({ name, rules }: RuleSet): HealthHandle | undefined {
    return this.health?.add(name, rules.declarations, directorNames(rules.symbols)).table.handle
  }

  private async remove(entry: Entry): Promise<void> {
    this.names.remove(entry)
    if (entry instanceof Label) return await this.tell({ does: 'unlabel', label: entry.name })
    for (let slot = 0; slot < this.parts.workers; slot++) entry.remaining.add(slot)
    this.ending.set(entry.id, entry)
    this.settle()
    this.parts.counters.rest(entry.name, false)
    this.health?.remove(entry.name)
    for (const listener of this.listeners) listener.discarded?.(entry)
    const answers = await this.parts.tell(() => ({ does: 'discard', id: entry.id }))
    // A worker that has just begun has never had it.
    answers.forEach((answer, slot) => answer === undefined && this.over(slot, entry.id))
  }

  private end(set: RuleSet): void {
    this.ending.delete(set.id)
    for (const block of set.blocks.flat()) this.parts.counters.remove(block.handle)
    this.settle()
    for (const listener of this.listeners) listener.over?.(set)
  }

  private async tell(order: RuleOrder): Promise<void> {
    try {
      await this.parts.tell(() => order)
    } catch (error) {
      throw new Fault(STATUS.cant, messageOf(error))
    }
  }

  private async cool(set: RuleSet): Promise<void> {
    if (!set.warm) return
    set.warm = false
    this.parts.counters.rest(set.name, true)
    this.health?.pause(set.name)
    await this.tell({ does: 'cool', id: set.id })
  }

  private warmUp(set: RuleSet): void {
    if (set.warm) return
    set.warm = true
    this.parts.counters.rest(set.name, false)
    this.health?.resume(set.name)
  }

  /** Who is idle, and since when; and how many there are. */
  private settle(): void {
    const now_ms = this.now_ms()
    const sets = this.names.sets()
    for (const set of sets) {
      const needed =
        set === this.current || (this.current instanceof Label && set === this.current.target) || this.names.labelsOf(set).length > 0
      set.idle_since_ms = needed ? undefined : (set.idle_since_ms ?? now_ms)
    }
    const { values } = this.own
    values[MAIN.n_vcl] = sets.length + this.ending.size
    values[MAIN.n_vcl_avail] = sets.length
    values[MAIN.n_vcl_discard] = this.ending.size
    values[MAIN.n_backend] = [...sets, ...this.ending.values()].reduce((sum, { rules }) => sum + rules.backends.length, 0)
  }

  private now_ms(): number {
    this.parts.clock.refresh()
    return this.parts.clock.mono_ms
  }

  private async busy(): Promise<ReadonlyMap<number, number>> {
    const sums = new Map<number, number>()
    for (const counts of await this.parts.tell(() => ({ does: 'count' })))
      for (const [id, running] of counts ?? []) sums.set(id, (sums.get(id) ?? 0) + running)
    return sums
  }

  private rowOf(entry: Entry, busy: ReadonlyMap<number, number>): RuleRow {
    const status = entry === this.current ? 'active' : 'available'
    if (entry instanceof Label) {
      const label = { name: entry.target.name, refs: this.names.usersOf(entry).length }
      return { name: entry.name, status, state: 'label', temperature: 'warm', busy: 0, labels: 0, label }
    }
    const running = busy.get(entry.id) ?? 0
    const temperature = entry.warm ? 'warm' : running > 0 ? 'busy' : 'cold'
    const labels = this.names.labelsOf(entry).length
    return { name: entry.name, status, state: entry.state, temperature, busy: running, labels, label: undefined }
  }
}

function stateNamed(text: string): RuleState {
  const state = RULE_STATES.find((one) => one === text)
  if (state === undefined) throw new Fault(STATUS.param, 'State must be one of auto, cold or warm.')
  return state
}
