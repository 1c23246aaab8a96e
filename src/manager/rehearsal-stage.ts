import { SystemClock } from '../base/clock.ts'
import type { ServeOptions } from '../config/command-line.ts'
import type { StoreSpec } from '../config/storage.ts'
import { newVitals } from '../counters/vitals.ts'
import type { Endpoint } from '../listen/address.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import type { WorkerConfig } from '../worker/config.ts'
import { newLogRing } from './log.ts'
import { Shared } from './shared.ts'
import { firstXid } from './supplies.ts'

const MIB = 2 ** 20
/** So small that objects are evicted, too. */
const STORES: readonly StoreSpec[] = [{ name: 's0', kind: 'memory', size_bytes: 8 * MIB }]
const TRANSIENT_BYTES = MIB
const LOG_BYTES = MIB
/** The only worker there. */
const SLOT = 0

/** What a worker that rehearses has in place of what real ones share: made for the first one, and kept for those after it. */
export class Stage {
  private readonly options: ServeOptions
  private readonly vitals = newVitals()
  private readonly xids = firstXid()
  private made: Pick<WorkerConfig, 'ring' | 'shared'> | undefined
  private shared: Shared | undefined

  constructor(options: ServeOptions) {
    this.options = options
  }

  /** For one that goes by these rules. Whoever was here before has left. */
  config(endpoints: readonly Endpoint[], image: VclImage): WorkerConfig {
    const { parameters, identity } = this.options
    const { vitals, xids } = this
    this.made ??= this.make()
    this.shared?.releaseAllOf(SLOT)
    return {
      slot: SLOT,
      workers: 1,
      endpoints,
      parameters,
      rules: { sets: [{ id: 1, name: 'rehearsal', image, counters: [] }], active: 1, labels: [] },
      stores: STORES,
      transient_bytes: TRANSIENT_BYTES,
      identity,
      hostname: 'rehearsal',
      // Counted where nobody looks.
      counters: [],
      store_counters: undefined,
      vitals,
      xids,
      ...this.made,
    }
  }

  private make(): Pick<WorkerConfig, 'ring' | 'shared'> {
    const shared = (this.shared = new Shared(STORES, new SystemClock()))
    const ring = newLogRing({ vsl_space: LOG_BYTES, vsl_version: this.options.parameters.vsl_version })
    return { ring, shared: shared.memory }
  }
}
