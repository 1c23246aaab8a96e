import type { Clock } from '../base/clock.ts'
import { NoClaims, type Claims } from '../cache/claims.ts'
import { Bans, type BanObserver } from '../cache/bans/bans.ts'
import { Invalidations } from '../cache/invalidations.ts'
import { SharedClaims } from '../cache/shared-claims.ts'
import { TagPurges } from '../cache/tag-purges.ts'
import { ClaimWatch } from '../shm/claim-watch.ts'
import { Claims as ClaimTable } from '../shm/claims.ts'
import { Doorbells, type Listening } from '../shm/doorbell.ts'
import { Ledger } from '../shm/ledger.ts'
import { Serials } from '../shm/serial.ts'
import type { OperationsLog } from '../flow/environment.ts'
import { TRANSIENT } from '../config/storage.ts'
import { attachArena } from '../store/arena/arena.ts'
import { keepSerial } from '../store/arena/header.ts'
import type { ArenaMemory } from '../store/arena/memory.ts'
import { ArenaStore } from '../store/arena/store.ts'
import type { Store } from '../store/contract.ts'
import { createHeapStore, type HeapStore } from '../store/heap/store.ts'
import { SeveralStores } from '../store/several.ts'
import type { WorkerConfig } from './config.ts'

/** One worker's way to what all workers share: the stores, and the rights to fetch into it. */
export class SharedStore {
  /** One, or several as one. */
  readonly store: Store
  readonly arenas: readonly ArenaStore[]
  /** Has the bodies that are not kept. */
  readonly transient: HeapStore
  readonly claims: Claims
  readonly bans: Bans
  readonly invalidations: Invalidations
  readonly purges: TagPurges
  private readonly clock: Clock
  private readonly watch: ClaimWatch
  private readonly listening: Listening
  /** Somebody else may have been meant: whoever waits for a connection to a backend. */
  onRung = (): void => {}

  constructor(config: WorkerConfig, clock: Clock, operations: OperationsLog, observer: BanObserver) {
    const { slot, workers, shared } = config
    const bells = new Doorbells(shared.bells)
    const table = new ClaimTable(shared.claims, slot, bells)
    this.clock = clock
    this.watch = new ClaimWatch(table, slot)
    this.transient = createHeapStore({
      name: TRANSIENT,
      capacity_bytes: config.transient_bytes,
      transit_buffer_bytes: config.parameters.transit_buffer,
    })
    // A worker alone rings nobody.
    const memories = shared.arenas.map((arena) => attachArena(arena, slot, clock))
    this.arenas = openArenas(config, memories, this.transient, workers > 1 ? bells : undefined, operations)
    this.store = this.arenas.length === 1 ? this.arenas[0] : new SeveralStores(this.arenas)
    if (workers > 1) ClaimTable.rehearse()
    this.claims = workers > 1 ? new SharedClaims(table, this.watch, shared.purges, this.arenas[0].seed) : new NoClaims()
    const serials = openSerials(config, memories)
    this.purges = new TagPurges(this.store, serials)
    this.bans = new Bans(openLedger(config, serials, memories), clock, observer, config.parameters.ban_dups)
    this.bans.prepare()
    this.invalidations = new Invalidations(serials, [this.purges, this.bans])
    this.listening = bells.listen(slot, this.onRing)
  }

  close(): void {
    this.listening.close()
  }

  /** Another worker has ended a fetch that is waited for here, or has filled more of what is read here. */
  private readonly onRing = (): void => {
    this.clock.refresh()
    for (const arena of this.arenas) arena.rung()
    this.watch.rung()
    this.onRung()
  }
}

function openArenas(
  config: WorkerConfig,
  memories: readonly ArenaMemory[],
  transient: Store,
  bells: Doorbells | undefined,
  operations: OperationsLog,
): ArenaStore[] {
  const { stores, parameters } = config
  return stores.map(({ name, kind }, i) => {
    return new ArenaStore({
      name,
      kind,
      memory: memories[i],
      transient,
      parameters,
      bells,
      onTrouble: (message) => operations.warn(message),
      later: inTurns,
    })
  })
}

/** Files know the newest serial, too. */
function openSerials({ slot, shared }: WorkerConfig, memories: readonly ArenaMemory[]): Serials {
  const files = memories.filter(({ disk }) => disk !== undefined)
  const keepers = files.map((memory) => ({ keepSerial: (serial: number) => keepSerial(memory, serial) }))
  return new Serials(slot, shared.serials, keepers)
}

/** And keep what is still to be tested. */
function openLedger({ shared }: WorkerConfig, serials: Serials, memories: readonly ArenaMemory[]): Ledger {
  const copies = memories.flatMap(({ ledger }) => (ledger === undefined ? [] : [{ bytes: ledger }]))
  return new Ledger(shared.ledger, serials, copies)
}

/** A slice of work that nobody waits for, then whatever has come meanwhile, then the next slice. */
function inTurns(more: () => boolean): void {
  setImmediate(() => {
    if (more()) inTurns(more)
  })
}
