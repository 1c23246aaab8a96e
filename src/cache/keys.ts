import { LRUCache } from 'lru-cache'
import type { Store } from '../store/contract.ts'
import { Entry, type Variant } from './entry.ts'
import type { RightsHolder } from './rights.ts'

/** lru-cache writes into its options: given none, each hit would allocate some. */
const GET_OPTIONS = {}

/**
 * The keys of which a worker remembers where the store has their objects. What has been found is remembered, and what the store does not
 * know. What has only been stored is not: most of it is never asked for again, and the collector would carry it all.
 */
export class Keys implements RightsHolder {
  private readonly store: Store
  private readonly by_meaning: boolean
  private readonly entries: LRUCache<string, Entry>
  /** Those that are not remembered, and have fetches under way: others must find these. */
  private readonly held = new Map<string, Entry>()

  constructor(store: Store, by_meaning: boolean, keys_max: number) {
    this.store = store
    this.by_meaning = by_meaning
    this.entries = new LRUCache({ max: keys_max, dispose: (entry) => this.disposed(entry) })
  }

  get size(): number {
    return this.entries.size + this.held.size
  }

  /** Its entry; a new one, unless `remember` or a fetch follows, is forgotten at once. */
  enter(key: string): Entry {
    return this.entries.get(key, GET_OPTIONS) ?? this.held.get(key) ?? new Entry(key, this.store, this.by_meaning)
  }

  remember(entry: Entry): void {
    if (entry.remembered) return
    entry.remembered = true
    this.held.delete(entry.key)
    this.entries.set(entry.key, entry)
  }

  /** If there is nothing to be said of it. */
  forget(entry: Entry): void {
    if (entry.empty && entry.remembered) this.entries.delete(entry.key)
  }

  /** The least recently used: they are found in the store again. */
  forgetHalf(): void {
    for (let left = this.entries.size >> 1; left > 0; left--) this.entries.pop()
  }

  claimed({ entry }: Variant): void {
    if (!entry.remembered) this.held.set(entry.key, entry)
  }

  vacated(variant: Variant): void {
    const { entry } = variant
    if (entry.busies === 0 && !entry.remembered) this.held.delete(entry.key)
    // Only by it other variants are named.
    if (entry.note !== undefined) this.remember(entry)
    entry.drop(variant)
    this.forget(entry)
  }

  private disposed(entry: Entry): void {
    entry.remembered = false
    if (entry.busies > 0) this.held.set(entry.key, entry)
  }
}
