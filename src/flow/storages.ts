import { hashed, hashId } from '../store/arena/hash.ts'
import type { Store } from '../store/contract.ts'
import type { VclStevedore } from '../vcl/runtime/context.ts'

/** storage.<name>.* for rules: as it is when they ask. */
class StorageView implements VclStevedore {
  readonly store: Store
  private readonly transient: boolean

  constructor(store: Store, transient: boolean) {
    this.store = store
    this.transient = transient
  }

  get name(): string {
    return this.store.name
  }

  get free_space_bytes(): number {
    return Math.max(0, this.store.stats().capacity_bytes - this.used_space_bytes)
  }

  get used_space_bytes(): number {
    const { used_bytes, transient_bytes } = this.store.stats()
    return this.transient ? transient_bytes : used_bytes
  }

  get happy(): boolean {
    return this.store.stats().happy
  }
}

/** What -s has declared, as rules see it, and which of them is to have what. */
export class Storages {
  private readonly views = new Map<string, StorageView>()
  private readonly stores: readonly Store[]
  private readonly transient: StorageView
  private readonly capacities: readonly number[]
  private readonly capacity_bytes: number

  constructor(stores: readonly Store[], transient: Store) {
    this.stores = stores
    this.transient = new StorageView(transient, true)
    for (const store of stores) this.views.set(store.name, new StorageView(store, false))
    this.views.set(transient.name, this.transient)
    this.capacities = stores.map((store) => store.stats().capacity_bytes)
    this.capacity_bytes = this.capacities.reduce((sum, bytes) => sum + bytes, 0)
  }

  named(name: string): VclStevedore | undefined {
    return this.views.get(name)
  }

  /** Where an object is; what is in no store is in Transient. */
  of(store: Store | undefined): VclStevedore {
    return (store === undefined ? undefined : this.views.get(store.name)) ?? this.transient
  }

  /** What rules see before they choose. */
  first(key: string, uncacheable: boolean): VclStevedore {
    return uncacheable ? this.transient : this.of(this.usual(key))
  }

  /**
   * The store that is to have a response. Transient is no choice: it holds what is not stored, in the memory of one worker, and what
   * is cached is for all of them.
   */
  chosen(key: string, choice: VclStevedore | undefined): Store {
    if (choice === undefined || choice.name === this.transient.name) return this.usual(key)
    return this.views.get(choice.name)?.store ?? this.usual(key)
  }

  /**
   * Without a choice each key has its store, by a hash: of all keys a store has the share that it has of all memory, so that objects stay
   * as long in one as in another, and the same one after a restart.
   */
  private usual(key: string): Store {
    const { stores } = this
    if (stores.length === 1) return stores[0]
    hashId(key, 0)
    let at = ((hashed.hi >>> 0) / 2 ** 32) * this.capacity_bytes
    let i = 0
    while (i < stores.length - 1 && at >= this.capacities[i]) at -= this.capacities[i++]
    return stores[i]
  }
}
