import type { RequestHead } from '../http/message.ts'
import { isNewer, type Serials } from '../shm/serial.ts'
import type { StoredObject } from '../store/contract.ts'

/**
 * A kind of invalidation that is not carried out at once but tested when an object is found: bans, for example. Whoever invalidates takes a
 * serial (`Serials.take`), and publishes under it what it stands for; its judge in each worker then finds it.
 */
export interface Judge {
  /**
   * Does an invalidation that is newer than `serial` concern the object? Asked once for each object and worker after each
   * invalidation, so it may cost something. `req` is the request that has found the object.
   */
  invalidatedSince(object: StoredObject, serial: number, req: RequestHead): boolean
}

/**
 * Holds the objects that a lookup finds to what has been invalidated since they were checked last (docs/decisions/0020). Invariants:
 *
 * 1. An object begins with the newest serial of the time when its fetch began: what is invalidated during a fetch concerns it.
 * 2. Whoever sees a serial as the newest sees all invalidations up to it. So what was looked at when the judges are asked has
 *    been judged by everything up to the serial that was the newest before.
 * 3. A hit on an object that has been checked costs one load and one comparison, however many invalidations there are.
 */
export class Invalidations {
  private readonly serials: Serials
  private readonly judges: readonly Judge[]

  constructor(serials: Serials, judges: readonly Judge[]) {
    this.serials = serials
    this.judges = judges
  }

  /** Of the last invalidation: what a fetch that begins now takes for its object. */
  get newest(): number {
    return this.serials.newest
  }

  /**
   * Has something been forgotten that a fetch which began at that serial should be held to? Asked when its object can be found: then it is
   * seen by whoever walks over the objects before he forgets, or the answer is yes.
   */
  outlived(serial: number): boolean {
    return isNewer(this.serials.floor, serial)
  }

  /** There has been nothing since that could concern it. */
  isChecked(object: StoredObject): boolean {
    return object.checked === this.serials.newest
  }

  /** May the object still be used? For a request that has found it in this run. */
  spares(object: StoredObject, req: RequestHead): boolean {
    const newest = this.serials.newest
    return object.checked === newest || this.judged(object, newest, req)
  }

  private judged(object: StoredObject, newest: number, req: RequestHead): boolean {
    const checked = object.recheck()
    if (checked === newest) return true
    const { judges } = this
    for (let i = 0; i < judges.length; i++) if (judges[i].invalidatedSince(object, checked, req)) return false
    object.raise(newest)
    return true
  }
}
