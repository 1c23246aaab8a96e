import type { Clock } from '../base/clock.ts'
import { NoClaims, type Claims } from '../cache/claims.ts'
import { SharedClaims } from '../cache/shared-claims.ts'
import { ClaimWatch } from '../shm/claim-watch.ts'
import { Claims as ClaimTable } from '../shm/claims.ts'
import { Doorbells, type Listening } from '../shm/doorbell.ts'
import { attachArena } from '../store/arena/arena.ts'
import { ArenaStore } from '../store/arena/store.ts'
import type { WorkerConfig } from './config.ts'

/** One worker's way to what all workers share: the store, and the rights to fetch into it. */
export class SharedStore {
  readonly store: ArenaStore
  readonly claims: Claims
  private readonly clock: Clock
  private readonly watch: ClaimWatch
  private readonly listening: Listening

  constructor(config: WorkerConfig, clock: Clock) {
    const { slot, workers, shared, stores, parameters } = config
    const bells = new Doorbells(shared.bells)
    const table = new ClaimTable(shared.claims, slot, bells)
    this.clock = clock
    this.watch = new ClaimWatch(table, slot)
    this.store = new ArenaStore({
      name: stores[0].name,
      memory: attachArena(shared.arena, slot),
      transit_buffer_bytes: parameters.transit_buffer,
      transient_bytes: config.transient_bytes,
      parameters,
      // A worker alone rings nobody.
      bells: workers > 1 ? bells : undefined,
    })
    this.claims = workers > 1 ? new SharedClaims(table, this.watch, shared.purges, this.store.seed) : new NoClaims()
    this.listening = bells.listen(slot, this.onRing)
  }

  close(): void {
    this.listening.close()
  }

  /** Another worker has ended a fetch that is waited for here, or has filled more of what is read here. */
  private readonly onRing = (): void => {
    this.clock.refresh()
    this.store.rung()
    this.watch.rung()
  }
}
