import type { RequestHead } from '../http/message.ts'
import type { Serials } from '../shm/serial.ts'
import type { SoftPurge, Store, StoredObject } from '../store/contract.ts'
import type { Judge } from './invalidations.ts'
import { PartialObject } from './partial.ts'

/** What could not be carried out: the thread before us hangs. */
export const NOT_PURGED = -1

/** Purges by tag: of all stores, for all workers (docs/decisions/0022). */
export class TagPurges implements Judge {
  private readonly store: Store
  private readonly serials: Serials

  constructor(store: Store, serials: Serials) {
    this.store = store
    this.serials = serials
  }

  /** Of whatever has one of the tags. How many objects it met, or NOT_PURGED. */
  purge(tags: readonly string[], soft?: SoftPurge): number {
    const serial = this.serials.take((next) => {
      this.store.notePurge(next, tags, soft)
      return true
    })
    return serial === undefined ? NOT_PURGED : this.store.meetPurge(tags, soft !== undefined)
  }

  invalidatedSince(object: StoredObject, serial: number, _req: RequestHead): boolean {
    const { store, head } = object
    // Of parts the store knows the manifest, which leads to them.
    const stored = object instanceof PartialObject ? object.manifest : object
    if (store !== undefined && stored.live) return !store.survives(stored, serial)
    if (head.tags !== undefined) return !this.store.wouldSurvive(head.tags, serial)
    // Another worker has taken it out since it was found, maybe because of that very purge; what it was tagged with only the store knew.
    return store !== undefined
  }
}
