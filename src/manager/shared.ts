import type { Clock } from '../base/clock.ts'
import { Claims } from '../shm/claims.ts'
import { Doorbells } from '../shm/doorbell.ts'
import { NO_WORKER } from '../shm/lock.ts'
import { SaintLists } from '../shm/saint-lists.ts'
import { SharedTexts } from '../shm/shared-texts.ts'
import { TokenBuckets } from '../shm/token-buckets.ts'
import { memoryRemarks } from '../shm/memory.ts'
import { purgeMemory } from '../cache/shared-claims.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { MemoryStoreSpec, StoreSpec } from '../config/storage.ts'
import type { CounterValues } from '../counters/counters.ts'
import type { Arena } from '../store/arena/arena.ts'
import { Upkeep } from '../upkeep/upkeep.ts'
import type { SharedMemory } from '../worker/config.ts'
import { openInvalidations, type OpenedInvalidations } from './invalidations.ts'
import { describeArena, openArenas } from './stores.ts'

/** The manager's side of what workers share: it makes it, and cleans up after those who die. */
export class Shared {
  readonly memory: SharedMemory
  private readonly bells = new Doorbells()
  private readonly claims: Claims
  private readonly buckets = new TokenBuckets(TokenBuckets.memory(), NO_WORKER)
  private readonly saints = new SaintLists(SaintLists.memory(), NO_WORKER)
  private readonly texts = new SharedTexts(SharedTexts.memory(), NO_WORKER)
  private readonly stores: readonly StoreSpec[]
  private readonly arenas: readonly Arena[]
  readonly invalidations: OpenedInvalidations

  /** An OperatorError when a store's memory or file cannot be had. */
  constructor(stores: readonly StoreSpec[], clock: Clock, transient?: MemoryStoreSpec) {
    this.stores = stores
    this.claims = new Claims(Claims.memory(), NO_WORKER, this.bells)
    this.arenas = openArenas(stores, clock, transient)
    const arenas = this.arenas.map(({ handle }) => handle)
    this.invalidations = openInvalidations(this.arenas, clock)
    const { serials, ledger } = this.invalidations
    this.memory = {
      bells: this.bells.memory,
      claims: this.claims.memory,
      purges: purgeMemory(),
      buckets: this.buckets.memory,
      texts: this.texts.memory,
      saints: this.saints.memory,
      serials: serials.memory,
      ledger: ledger.memory,
      arenas,
    }
  }

  /** What the manager does beside: `workers` is how many there are, behind which it comes. */
  upkeep(workers: number, clock: Clock, parameters: ParameterValues, counters: CounterValues, warn: (message: string) => void): Upkeep {
    const { serials, ledger } = this.invalidations
    const files = this.arenas.filter(({ recovered }) => recovered !== undefined)
    const arenas = this.arenas.map(({ handle }) => handle)
    return new Upkeep({ serials, ledger, arenas, files, thread: workers, clock, parameters, counters, warn })
  }

  /** That worker's thread has ended, and its successor has not begun: whatever it held is free, and whoever waited for it is told. */
  releaseAllOf(slot: number): void {
    // The arenas first: who is told of a claim's end looks into them.
    for (const arena of this.arenas) arena.workerDied(slot, this.bells)
    this.invalidations.serials.releaseAllOf(slot)
    this.claims.releaseAllOf(slot)
    this.buckets.releaseAllOf(slot)
    this.texts.releaseAllOf(slot)
    this.saints.releaseAllOf(slot)
  }

  /** All workers have ended: what is in files is left for the next start. Resolves with what did not go well, for the operator. */
  async close(): Promise<string[]> {
    const ends = await Promise.all(this.arenas.map((arena) => arena.close()))
    return ends.flatMap((outcome, i) =>
      outcome === 0
        ? []
        : [`store ${this.stores[i].name}: not all of it could be written to the disk (${outcome}); the next start verifies it`],
    )
  }

  /** What the operator should hear about their sizes, and about files that were opened. */
  remarks(): string[] {
    const inMemory = this.stores.filter(({ kind }) => kind === 'memory')
    const sizes = memoryRemarks(inMemory.reduce((sum, { size_bytes }) => sum + size_bytes, 0))
    const files = this.arenas.flatMap(({ recovered }) => recovered?.remarks ?? [])
    return [...sizes, ...files, ...this.invalidations.remarks]
  }

  /** What the operator has, a line for each store. */
  describe(): string[] {
    return this.stores.map((store, i) => describeArena(store, this.arenas[i]))
  }
}
