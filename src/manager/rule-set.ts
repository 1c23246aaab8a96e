import type { RuleState } from '../admin/rule-sets.ts'
import { backendInstance } from '../counters/backend-instance.ts'
import { clearGauges, CounterBlock } from '../counters/counters.ts'
import type { HealthHandle } from '../shm/health.ts'
import type { RuleImage } from '../worker/config.ts'
import type { CheckedRules } from './rules.ts'

/** A rule set as the manager knows it: compiled once, brought to life by every worker. */
export class RuleSet {
  readonly id: number
  readonly name: string
  readonly rules: CheckedRules
  /** The health of its backends. */
  health: HealthHandle | undefined
  /** Of each worker, one for each backend; the manager's come last. */
  readonly blocks: readonly (readonly CounterBlock[])[]
  state: RuleState = 'auto'
  /** A cold one holds no connections, and is not probed. */
  warm = true
  /** Since when it is neither active nor behind a label: it cools. */
  idle_since_ms: number | undefined
  /** Discarded: the workers in which requests still go by it. */
  readonly remaining = new Set<number>()

  constructor(id: number, name: string, rules: CheckedRules, workers: number) {
    this.id = id
    this.name = name
    this.rules = rules
    this.blocks = Array.from({ length: workers + 1 }, () =>
      rules.backends.map((backend) => new CounterBlock('VBE', backendInstance(name, backend))),
    )
  }

  /** So that it may cool. */
  isIdleSince(time_ms: number): boolean {
    return this.state === 'auto' && this.warm && this.idle_since_ms !== undefined && this.idle_since_ms <= time_ms
  }

  /** For a worker. */
  imageFor(slot: number): RuleImage {
    const { id, name, rules, health } = this
    return { id, name, image: rules.image, health, counters: this.blocks[slot].map((block) => block.handle) }
  }

  /** What the manager itself counts of a backend. */
  ownBlock(backend: string): CounterBlock | undefined {
    return this.blocks.at(-1)?.[this.rules.backends.indexOf(backend)]
  }

  /** That worker's thread has ended. */
  buried(slot: number): void {
    for (const block of this.blocks[slot]) clearGauges(block)
  }
}

/** A name that stands for a rule set, and can be pointed to another: return (vcl(..)) and vcl.use go by it. */
export class Label {
  readonly name: string
  target: RuleSet

  constructor(name: string, target: RuleSet) {
    this.name = name
    this.target = target
  }
}

export type Entry = RuleSet | Label

export function setOf(entry: Entry): RuleSet {
  return entry instanceof Label ? entry.target : entry
}
