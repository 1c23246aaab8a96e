import { Claims } from '../shm/claims.ts'
import { Doorbells } from '../shm/doorbell.ts'
import { NO_WORKER } from '../shm/lock.ts'
import { purgeMemory } from '../cache/shared-claims.ts'
import { createSharedMemory } from '../shm/memory.ts'
import { Arena } from '../store/arena/arena.ts'
import type { SharedMemory } from '../worker/config.ts'

/** The manager's side of what workers share: it makes it, and cleans up after those who die. */
export class Shared {
  readonly memory: SharedMemory
  private readonly bells = new Doorbells()
  private readonly claims: Claims
  private readonly arena: Arena

  /** An OperatorError when the store's memory cannot be had. */
  constructor(store_bytes: number) {
    this.claims = new Claims(Claims.memory(), NO_WORKER, this.bells)
    this.arena = Arena.inMemory(createSharedMemory(store_bytes))
    this.memory = { bells: this.bells.memory, claims: this.claims.memory, purges: purgeMemory(), arena: this.arena.handle }
  }

  /** That worker's thread has ended, and its successor has not begun: whatever it held is free, and whoever waited for it is told. */
  releaseAllOf(slot: number): void {
    // The arena first: who is told of a claim's end looks into it.
    this.arena.workerDied(slot, this.bells)
    this.claims.releaseAllOf(slot)
  }
}
