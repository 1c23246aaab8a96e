import { LRUCache } from 'lru-cache'
import { Chains } from '../base/chains.ts'
import type { Store } from '../store/contract.ts'
import type { Claims } from './claims.ts'
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
  private readonly claims: Claims
  private readonly by_meaning: boolean
  /** By the hash of the key: of two keys that have the same hash, the one found last is remembered. A string that V8 has not seen would have to be interned. */
  private readonly entries: LRUCache<number, Entry>
  /** Those that are not remembered, and have fetches under way: others must find these. */
  private readonly held = new Chains<Entry>()

  constructor(store: Store, claims: Claims, by_meaning: boolean, keys_max: number) {
    this.store = store
    this.claims = claims
    this.by_meaning = by_meaning
    this.entries = new LRUCache({ max: keys_max, dispose: (entry) => this.disposed(entry) })
  }

  get size(): number {
    return this.entries.size + this.held.size
  }

  /** Its entry; a new one, unless `remember` or a fetch follows, is forgotten at once. */
  enter(key: string): Entry {
    const hash = this.claims.hash(key)
    const known = this.entries.get(hash, GET_OPTIONS)
    if (known !== undefined && known.key === key) return known
    return this.heldFor(key, hash) ?? new Entry(key, hash, this.store, this.by_meaning)
  }

  remember(entry: Entry): void {
    if (entry.remembered) return
    entry.remembered = true
    this.held.remove(entry)
    this.entries.set(entry.hash, entry)
  }

  /** If there is nothing to be said of it. */
  forget(entry: Entry): void {
    if (entry.empty && entry.remembered) this.entries.delete(entry.hash)
  }

  /** The least recently used: they are found in the store again. */
  forgetHalf(): void {
    for (let left = this.entries.size >> 1; left > 0; left--) this.entries.pop()
  }

  claimed({ entry }: Variant): void {
    if (!entry.remembered && entry.busies === 1) this.held.add(entry)
  }

  vacated(variant: Variant): void {
    const { entry } = variant
    if (entry.busies === 0 && !entry.remembered) this.held.remove(entry)
    // Only by it other variants are named.
    if (entry.note !== undefined) this.remember(entry)
    entry.drop(variant)
    this.forget(entry)
  }

  private heldFor(key: string, hash: number): Entry | undefined {
    let entry = this.held.first(hash)
    while (entry !== undefined && entry.key !== key) entry = this.held.after(entry)
    return entry
  }

  private disposed(entry: Entry): void {
    entry.remembered = false
    if (entry.busies > 0) this.held.add(entry)
  }
}
