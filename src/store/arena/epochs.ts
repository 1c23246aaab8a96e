import type { Doorbells } from '../../shm/doorbell.ts'
import { THREADS_MAX } from '../../config/workers.ts'
import { AT_REST, EPOCH, type ArenaMemory } from './memory.ts'

/** A cache line for each worker's announcement. */
const STRIDE = 16

/**
 * When memory that was taken out may be used again (docs/decisions/0016). Each run of a worker announces the epoch it begins in
 * before it looks anything up; taking something out begins a new epoch. What was taken out in an epoch can be seen by no run
 * that was announced in it or later. A run that announces nothing goes by an earlier announcement, which only keeps memory longer.
 */
export class Epochs {
  private readonly memory: ArenaMemory
  private readonly general: Int32Array
  /** Announcements of this worker: what it has found and does not hold may be gone when there is another. */
  runs = 0
  private readonly announced: Int32Array
  private readonly at: number

  constructor(memory: ArenaMemory) {
    const { general, announced, worker } = memory
    this.memory = memory
    this.general = general
    this.announced = announced
    this.at = worker * STRIDE
  }

  /** A run begins. The store before the load that follows in `find`: both are Atomics, in one order for all threads. */
  announce(): void {
    this.runs++
    Atomics.store(this.announced, this.at, Atomics.load(this.general, EPOCH))
  }

  /** Called after something was taken out of the index: who is announced in this epoch cannot find it. */
  next(): number {
    return (Atomics.add(this.general, EPOCH, 1) + 1) | 0
  }

  /** Have all runs ended that were under way when that epoch began? */
  passed(epoch: number): boolean {
    const { workers } = this.memory
    for (let slot = 0; slot < workers; slot++) {
      const announced = Atomics.load(this.announced, slot * STRIDE)
      if (announced !== AT_REST && ((announced - epoch) | 0) < 0) return false
    }
    return true
  }

  /** For the manager: nobody is in a run yet. */
  static begin({ announced }: ArenaMemory): void {
    for (let slot = 0; slot < THREADS_MAX; slot++) announced[slot * STRIDE] = AT_REST
  }

  /** For the manager, while it cleans up behind that worker: what others take out meanwhile stays, as for a run of the worker's own. */
  static hold({ announced, general }: ArenaMemory, worker: number): void {
    Atomics.compareExchange(announced, worker * STRIDE, AT_REST, Atomics.load(general, EPOCH))
  }

  /** For the manager: the worker's thread has ended, or has no run to come. */
  static rest({ announced }: ArenaMemory, worker: number): void {
    Atomics.store(announced, worker * STRIDE, AT_REST)
  }

  /** Rings the other workers that hold back an epoch, so that they announce a later one. True if there are any. */
  hurry(epoch: number, bells: Doorbells): boolean {
    const { worker, workers } = this.memory
    let any = false
    for (let slot = 0; slot < workers; slot++) {
      const announced = Atomics.load(this.announced, slot * STRIDE)
      if (slot === worker || announced === AT_REST || ((announced - epoch) | 0) >= 0) continue
      any = true
      bells.ring(slot)
    }
    return any
  }
}
