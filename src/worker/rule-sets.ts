import { assert, unreachable } from '../base/assert.ts'
import { messageOf } from '../base/errors.ts'
import type { Environment } from '../flow/environment.ts'
import type { Backend } from '../origin/contract.ts'
import type { Director } from '../origin/directors/director.ts'
import type { DirectorListed } from '../origin/directors/listing.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import type { TraceSink } from '../vcl/runtime/trace.ts'
import type { RuleCounts, RuleFaults, RuleImage, RuleOrder, RuleTable } from './config.ts'

/** Brings a rule set to life, and closes what it has opened. */
export interface RuleMaker {
  make(set: RuleImage): MadeRules
  /** The same rules once more, compiled to tell what they do: with the same backends, directors and other objects. */
  twin(made: MadeRules, image: VclImage, trace: TraceSink): LoadedVcl
  /** Its idle connections end. */
  idle(made: MadeRules): void
  /** It is over. */
  drop(made: MadeRules): void
}

export interface MadeRules {
  readonly vcl: LoadedVcl
  readonly backends: readonly Backend[]
  /** In the order in which vcl_init has made them. */
  readonly directors: readonly Director[]
}

/** What a reload changes of what requests work with. */
type Current = Pick<Environment, 'vcl'>

/**
 * One worker's rule sets. A switch is one assignment between two requests: each request, with its restarts, fetches and retries, goes on by the
 * set it began with, and a discarded set ends with the last of them.
 */
export class WorkerRules {
  readonly labels = new Map<string, LoadedVcl>()
  /** Of those it began with. */
  readonly faults: RuleFaults
  /** Of a discarded one that has ended. */
  onOver: (id: number) => void = () => {}
  /** The old ones are not to be kept by what is kept for other reasons. */
  onSwitched = (): void => {}
  private readonly sets = new Map<number, MadeRules>()
  private readonly ending = new Map<number, MadeRules>()
  private readonly maker: RuleMaker
  private current: Current

  /** A worker without its active rules cannot serve, and throws. */
  constructor(table: RuleTable, maker: RuleMaker) {
    this.maker = maker
    const faults: [number, string][] = []
    for (const set of table.sets) {
      try {
        this.sets.set(set.id, maker.make(set))
      } catch (error) {
        if (set.id === table.active) throw error
        faults.push([set.id, messageOf(error)])
      }
    }
    this.faults = faults
    for (const [label, id] of table.labels) if (this.sets.has(id)) this.labels.set(label, this.find(id).vcl)
    this.current = { vcl: this.find(table.active).vcl }
  }

  get active(): LoadedVcl {
    return this.current.vcl
  }

  /** From here on a switch shows there. */
  rule(current: Current): void {
    this.current = current
  }

  /** Throws when it cannot be done. */
  obey(order: RuleOrder): RuleCounts {
    if (order.does === 'count') return [...this.sets, ...this.ending].map(([id, { vcl }]) => [id, vcl.running] as const)
    this.carryOut(order)
    return []
  }

  /** None of a set that this worker does not have. */
  directors(id: number): DirectorListed[] {
    return this.sets.get(id)?.directors.map((director) => director.listed()) ?? []
  }

  /** A rule set as it runs, and its twin that is told of. */
  twin(id: number, image: VclImage, trace: TraceSink): { readonly of: LoadedVcl; readonly vcl: LoadedVcl } {
    const made = this.find(id)
    return { of: made.vcl, vcl: this.maker.twin(made, image, trace) }
  }

  /** All requests are over. */
  close(): void {
    for (const { vcl } of [...this.sets.values(), ...this.ending.values()]) vcl.fini()
  }

  private carryOut(order: Exclude<RuleOrder, { does: 'count' }>): void {
    switch (order.does) {
      case 'load':
        this.sets.set(order.set.id, this.maker.make(order.set))
        break
      case 'find':
        this.find(order.id)
        break
      case 'use':
        this.current.vcl = this.find(order.id).vcl
        this.onSwitched()
        break
      case 'label':
        this.labels.set(order.label, this.find(order.id).vcl)
        break
      case 'unlabel':
        this.labels.delete(order.label)
        break
      case 'cool':
        this.cool(order.id)
        break
      case 'discard':
        this.discard(order.id)
        break
      default:
        unreachable(order)
    }
  }

  private find(id: number): MadeRules {
    const set = this.sets.get(id)
    if (set === undefined) throw new Error('this worker has no such rules')
    return set
  }

  /** One that could not be brought to life here has no connections. */
  private cool(id: number): void {
    const set = this.sets.get(id)
    if (set !== undefined) this.maker.idle(set)
  }

  private discard(id: number): void {
    const set = this.sets.get(id)
    if (set === undefined) return this.onOver(id)
    const { vcl } = set
    assert(vcl !== this.current.vcl, 'the active rules are not discarded')
    this.sets.delete(id)
    this.ending.set(id, set)
    const end = (): void => {
      this.ending.delete(id)
      vcl.fini()
      this.maker.drop(set)
      this.onOver(id)
    }
    if (vcl.running > 0) vcl.onIdle = end
    else end()
  }
}
