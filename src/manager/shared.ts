import { Claims } from '../shm/claims.ts'
import { Doorbells } from '../shm/doorbell.ts'
import { NO_WORKER } from '../shm/lock.ts'
import type { SharedMemory } from '../worker/config.ts'

/** The manager's side of what workers share: it makes it, and cleans up after those who die. */
export class Shared {
  readonly memory: SharedMemory
  private readonly claims: Claims

  constructor() {
    const bells = new Doorbells()
    this.claims = new Claims(Claims.memory(), NO_WORKER, bells)
    this.memory = { bells: bells.memory, claims: this.claims.memory }
  }

  /** That worker's thread has ended, and its successor has not begun: whatever it held is free, and whoever waited for it is told. */
  releaseAllOf(slot: number): void {
    this.claims.releaseAllOf(slot)
  }
}
