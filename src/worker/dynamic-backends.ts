import type { Backend } from '../origin/contract.ts'
import type { Origins } from '../origin/create.ts'
import type { Naming, Opener } from '../origin/directors/dynamic.ts'
import type { OriginObserver } from '../origin/options.ts'
import { backendSpec } from '../origin/spec.ts'
import type { Doorbells } from '../shm/doorbell.ts'
import type { HealthTable } from '../shm/health.ts'
import { HealthSeat } from '../shm/seat.ts'
import type { BackendDeclaration, VclBackend } from '../vcl/runtime/context.ts'
import type { HealthWatch, RuleImage, WorkerConfig } from './config.ts'

/** What they need of the worker's rules. */
export interface DynamicNeeds {
  readonly config: WorkerConfig
  readonly bells: Doorbells | undefined
  readonly onWatch: (watch: HealthWatch) => void
  observer(set: RuleImage, backend: string): OriginObserver
}

/** Backends that a rule set makes while it runs. The manager is told of each: it gives them a place in the table of health, and probes them. */
export class DynamicBackends implements Opener {
  private readonly origin: Origins
  private readonly set: RuleImage
  private readonly health: HealthTable | undefined
  /** All that the rule set has open. */
  private readonly backends: Backend[]
  private readonly needs: DynamicNeeds

  constructor(origin: Origins, set: RuleImage, health: HealthTable | undefined, backends: Backend[], needs: DynamicNeeds) {
    this.origin = origin
    this.set = set
    this.health = health
    this.backends = backends
    this.needs = needs
  }

  director(naming: Naming): { open(declared: BackendDeclaration): VclBackend } {
    const names = this.origin.naming(naming)
    return {
      open: (declared) => {
        const made = this.origin.open(backendSpec(declared), this.needs.observer(this.set, declared.name), this.seat(declared), names)
        this.backends.push(made)
        this.needs.onWatch({ set: this.set.name, name: declared.name, declared })
        return made
      },
    }
  }

  close(backend: VclBackend): void {
    const i = this.backends.findIndex((one) => one === backend)
    if (i < 0) return
    this.origin.drop(this.backends[i])
    this.backends.splice(i, 1)
    this.needs.onWatch({ set: this.set.name, name: backend.name, declared: undefined })
  }

  private seat({ name, probe }: BackendDeclaration): HealthSeat | undefined {
    const { config, bells } = this.needs
    const begins_healthy = probe === undefined || probe.initial >= probe.threshold
    return this.health && new HealthSeat(this.health, name, config.slot, bells, begins_healthy)
  }
}
