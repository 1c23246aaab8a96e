import type { Doorbells } from '../../src/shm/doorbell.ts'
import { type Arena, attachArena } from '../../src/store/arena/arena.ts'
import { ArenaStore } from '../../src/store/arena/store.ts'
import { createHeapStore } from '../../src/store/heap/store.ts'

export interface ArenaStoreShape {
  readonly name?: string
  readonly worker?: number
  readonly transit_buffer_bytes?: number
  readonly transient_bytes?: number
  readonly eviction_size_bias?: number
  readonly bells?: Doorbells
  readonly onTrouble?: (message: string) => void
  readonly later?: (more: () => boolean) => void
}

/** One worker's way into an arena. */
export function arenaStore(handle: Arena['handle'], shape: ArenaStoreShape = {}): ArenaStore {
  const { transit_buffer_bytes = 2 ** 20, transient_bytes = 2 ** 24 } = shape
  return new ArenaStore({
    name: shape.name ?? 's0',
    kind: handle.disk === undefined ? 'memory' : 'file',
    memory: attachArena(handle, shape.worker ?? 0),
    transient: createHeapStore({ name: 'Transient', capacity_bytes: transient_bytes, transit_buffer_bytes }),
    parameters: { eviction_size_bias: shape.eviction_size_bias ?? 0 },
    bells: shape.bells,
    onTrouble: shape.onTrouble,
    later: shape.later,
  })
}
