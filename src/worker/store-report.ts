import { ARENA, CounterBlock, MAIN, SMA, type CounterValues } from '../counters/counters.ts'
import type { ArenaStore } from '../store/arena/store.ts'
import type { HeapStore } from '../store/heap/store.ts'
import type { StoreCounters } from './config.ts'

/**
 * The figures of the stores, in counters. The stores count in memory of their own that all workers share, so that whatever is
 * set here goes on where a worker that has died left it.
 */
export class StoreReport {
  private readonly stores: readonly ArenaStore[]
  private readonly main: CounterValues
  private readonly space: readonly CounterValues[]
  private readonly arena: readonly CounterValues[]

  constructor(stores: readonly ArenaStore[], counters: StoreCounters) {
    this.stores = stores
    this.main = CounterBlock.attach(counters.main).values
    this.space = counters.space.map((handle) => CounterBlock.attach(handle).values)
    this.arena = counters.arena.map((handle) => CounterBlock.attach(handle).values)
  }

  update(): void {
    let [objects, nuked, moved, expired] = [0, 0, 0, 0]
    this.stores.forEach((store, i) => {
      const stats = store.stats()
      const arena = store.arenaStats()
      setSpace(this.space[i], stats.objects, stats.used_bytes, stats.capacity_bytes, stats.allocated_bytes)
      this.space[i][SMA.c_req] = stats.requests
      this.space[i][SMA.c_fail] = stats.failures
      setArena(this.arena[i], arena, stats.expired)
      objects += stats.objects
      nuked += stats.nuked
      moved += arena.moved
      expired += stats.expired
    })
    this.main[MAIN.n_object] = objects
    this.main[MAIN.n_lru_nuked] = nuked
    this.main[MAIN.n_lru_moved] = moved
    this.main[MAIN.n_expired] = expired
  }
}

function setSpace(values: CounterValues, objects: number, used_bytes: number, capacity_bytes: number, allocated_bytes: number): void {
  values[SMA.c_bytes] = allocated_bytes
  values[SMA.c_freed] = Math.max(0, allocated_bytes - used_bytes)
  values[SMA.g_alloc] = objects
  values[SMA.g_bytes] = used_bytes
  values[SMA.g_space] = Math.max(0, capacity_bytes - used_bytes)
}

function setArena(values: CounterValues, stats: ReturnType<ArenaStore['arenaStats']>, expired: number): void {
  values[ARENA.g_segments] = stats.segments
  values[ARENA.g_segments_free] = stats.free_segments
  values[ARENA.g_segments_retired] = stats.retired_segments
  values[ARENA.c_evicted_small] = stats.evicted_small
  values[ARENA.c_evicted_main] = stats.evicted_main
  values[ARENA.c_expired] = expired
  values[ARENA.c_moved] = stats.moved
  values[ARENA.c_moved_bytes] = stats.moved_bytes
  values[ARENA.c_disk_errors] = stats.disk_errors
  values[ARENA.c_broken] = stats.broken
  values[ARENA.c_purged] = stats.purged
  values[ARENA.c_purges_forgotten] = stats.forgotten
  values[ARENA.c_tags_unlisted] = stats.unlisted
  values[ARENA.c_crowded] = stats.crowded
}

/** This worker's part of Transient. What it has counted is added to what workers before it have. */
export class TransientReport {
  private readonly store: HeapStore
  private readonly capacity_bytes: number
  private readonly values: CounterValues
  private readonly before: { readonly opened: number; readonly bytes: number }

  constructor(store: HeapStore, capacity_bytes: number, values: CounterValues) {
    this.store = store
    this.capacity_bytes = capacity_bytes
    this.values = values
    this.before = { opened: values[SMA.c_req], bytes: values[SMA.c_bytes] }
  }

  update(): void {
    const { values, before } = this
    const stats = this.store.transitStats()
    values[SMA.c_req] = before.opened + stats.opened
    setSpace(values, stats.bodies, stats.held_bytes, this.capacity_bytes, before.bytes + stats.bytes)
  }
}
