import type { Bans } from '../cache/bans/bans.ts'
import { CounterBlock } from '../counters/counters.ts'
import type { Backend } from '../origin/contract.ts'
import type { Origins } from '../origin/create.ts'
import { directorFactory } from '../origin/directors/create.ts'
import type { Director } from '../origin/directors/director.ts'
import { SaintBoard } from '../origin/directors/saint-board.ts'
import type { OriginObserver } from '../origin/options.ts'
import { backendSpec } from '../origin/spec.ts'
import { Doorbells } from '../shm/doorbell.ts'
import { HealthTable } from '../shm/health.ts'
import { SaintLists } from '../shm/saint-lists.ts'
import { SharedTexts } from '../shm/shared-texts.ts'
import { TokenBuckets } from '../shm/token-buckets.ts'
import { instantiateVcl, traceVcl, type VclImage } from '../vcl/instantiate.ts'
import type { BackendDeclaration, LoadedVcl, VclHost } from '../vcl/runtime/context.ts'
import { type TraceSink, tracesIn } from '../vcl/runtime/trace.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { backendInstance } from '../counters/backend-instance.ts'
import type { HealthWatch, RuleImage, WorkerConfig } from './config.ts'
import { DynamicBackends } from './dynamic-backends.ts'
import { originObserver } from './observers.ts'
import type { MadeRules, RuleMaker } from './rule-sets.ts'

/** Whom rules tell of what they do on their own. */
interface Outside {
  warn(message: string): void
  readonly watch?: (watch: HealthWatch) => void
}

/** Brings the manager's compiled rules to life, and gives their backends to origin/. */
export class Rules implements RuleMaker {
  readonly config: WorkerConfig
  private readonly origin: Origins
  private readonly main: Float64Array
  private readonly host: Omit<VclHost, 'backend' | 'directors'>
  readonly bells: Doorbells | undefined
  /** Of those that rules make while they run. */
  readonly onWatch: (watch: HealthWatch) => void
  private readonly saints: SaintLists

  constructor(config: WorkerConfig, origin: Origins, bans: Bans, main: Float64Array, outside: Outside) {
    this.onWatch = outside.watch ?? (() => {})
    const { parameters, shared, slot, hostname, identity } = config
    this.config = config
    this.origin = origin
    this.bells = config.workers > 1 ? new Doorbells(shared.bells) : undefined
    this.saints = new SaintLists(shared.saints, slot)
    this.main = main
    this.host = {
      buckets: new TokenBuckets(shared.buckets, slot),
      globals: new SharedTexts(shared.texts, slot),
      vcl_path: parameters.vcl_path.split(':'),
      hostname,
      identity,
      ban: (expression) => bans.add(expression),
      ...(slot === 0 && { syslog: (text: string) => outside.warn(text) }),
      param: (name) => this.config.parameters[name as keyof ParameterValues],
    }
  }

  /** Those whose vcl_init fails throw, and leave nothing. */
  make(set: RuleImage): MadeRules {
    const backends: Backend[] = []
    const health = set.health && new HealthTable(set.health)
    const backend = (declaration: BackendDeclaration): Backend => {
      const cell = health?.cell(declaration.name, this.config.slot, this.bells)
      const made = this.origin.open(backendSpec(declaration), this.observer(set, declaration.name), cell)
      backends.push(made)
      return made
    }
    const made: Director[] = []
    const opener = new DynamicBackends(this.origin, set, health, backends, this)
    const directors = directorFactory(Math.random, new SaintBoard(this.saints, `${set.id} ${set.name}`), opener, (director) => {
      director.told = health?.cell(director.name, this.config.slot)
      made.push(director)
    })
    try {
      const { trace } = set.image
      const host = { ...this.host, backend, directors, ...(trace && { trace: tracesIn(trace) }) }
      return { vcl: instantiateVcl(set.image, host, set.name), backends, directors: made }
    } catch (error) {
      for (const made of backends) this.origin.drop(made)
      throw error
    }
  }

  twin({ vcl, backends }: MadeRules, image: VclImage, trace: TraceSink): LoadedVcl {
    const backend = ({ name }: BackendDeclaration): Backend => {
      const found = backends.find((one) => one.name === name)
      if (found === undefined) throw new Error(`rules have no backend ${name}`)
      return found
    }
    return traceVcl(image, { ...this.host, backend, directors: directorFactory(), trace }, vcl)
  }

  idle({ backends }: MadeRules): void {
    for (const backend of backends) this.origin.idle(backend)
  }

  drop({ backends }: MadeRules): void {
    for (const backend of backends) this.origin.drop(backend)
  }

  observer(set: RuleImage, backend: string): OriginObserver {
    const instance = backendInstance(set.name, backend)
    const handle = set.counters.find((candidate) => candidate.instance === instance)
    const block = handle === undefined ? new CounterBlock('VBE', instance) : CounterBlock.attach(handle)
    return originObserver(this.main, block.values)
  }
}
