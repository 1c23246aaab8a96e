import type { Body, Cold, ObjectHead, SoftPurge, Store, StoredObject, StoreStats, StoreWatcher } from './contract.ts'

/**
 * Several stores as one. An id is in one of them at a time: whoever opens an object takes out afterwards what the others have
 * under its id. Opened by two workers at once in two stores, at least one sees the other's, for each looks after it has opened:
 * at most one object is left, at worst none. Lookups ask one store after the other, so a miss costs a look into each; a hit
 * by a worker that has the handle costs what it costs with one.
 */
export class SeveralStores implements Store {
  readonly name: string
  readonly kind: Store['kind']
  private readonly stores: readonly Store[]
  cold: Cold | undefined = undefined

  constructor(stores: readonly Store[]) {
    this.stores = stores
    this.name = stores.map(({ name }) => name).join('+')
    this.kind = stores[0].kind
  }

  newRun(): void {
    const { stores } = this
    for (let i = 0; i < stores.length; i++) stores[i].newRun()
  }

  find(id: string): StoredObject | undefined {
    const { stores } = this
    for (let i = 0; i < stores.length; i++) {
      const found = stores[i].find(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** What is in memory in one store is not looked for on the disk of another that comes later. */
  seek(id: string): StoredObject | undefined {
    const { stores } = this
    this.cold = undefined
    for (let i = 0; i < stores.length; i++) {
      const found = stores[i].seek(id)
      if (found !== undefined) return found
      if (stores[i].cold === undefined) continue
      this.cold = stores[i].cold
      stores[i].cold = undefined
      return undefined
    }
    return undefined
  }

  open(id: string, head: ObjectHead, expected_bytes: number, into: Store = this.stores[0], serial = 0): StoredObject | undefined {
    const object = into.open(id, head, expected_bytes, into, serial)
    if (object === undefined) return undefined
    for (const store of this.stores) if (store !== into) store.discard(id)
    return object
  }

  fits(id: string, head: ObjectHead, expected_bytes: number): boolean {
    return this.stores.some((store) => store.fits(id, head, expected_bytes))
  }

  transit(expected_bytes: number): Body {
    return this.stores[0].transit(expected_bytes)
  }

  rehead(object: StoredObject, head: ObjectHead, serial?: number): boolean {
    return object.store?.rehead(object, head, serial) !== false
  }

  touch(object: StoredObject): void {
    object.store?.touch(object)
  }

  remove(object: StoredObject): boolean {
    return object.store?.remove(object) === true
  }

  discard(id: string): boolean {
    let any = false
    for (const store of this.stores) any = store.discard(id) || any
    return any
  }

  notePurge(serial: number, tags: readonly string[], soft?: SoftPurge): void {
    for (const store of this.stores) store.notePurge(serial, tags, soft)
  }

  meetPurge(tags: readonly string[], soft: boolean): number {
    return this.stores.reduce((met, store) => met + store.meetPurge(tags, soft), 0)
  }

  survives(object: StoredObject, since: number): boolean {
    return object.store === undefined || object.store.survives(object, since)
  }

  /** All of them have noted the same, though one may have forgotten more of it. */
  wouldSurvive(tags: readonly string[], since: number): boolean {
    return this.stores[0].wouldSurvive(tags, since)
  }

  watch(watcher: StoreWatcher): void {
    for (const store of this.stores) store.watch(watcher)
  }

  expire(now_ms: number, objects_max: number): void {
    for (const store of this.stores) store.expire(now_ms, objects_max)
  }

  stats(): StoreStats {
    return this.stores.map((store) => store.stats()).reduce(addUp)
  }
}

/** Their Transient is one and the same. */
function addUp(a: StoreStats, b: StoreStats): StoreStats {
  return {
    capacity_bytes: a.capacity_bytes + b.capacity_bytes,
    used_bytes: a.used_bytes + b.used_bytes,
    transient_bytes: a.transient_bytes,
    objects: a.objects + b.objects,
    nuked: a.nuked + b.nuked,
    expired: a.expired + b.expired,
    allocated_bytes: a.allocated_bytes + b.allocated_bytes,
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    happy: a.happy && b.happy,
  }
}
