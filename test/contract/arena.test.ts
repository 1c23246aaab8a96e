import { Arena, attachArena } from '../../src/store/arena/arena.ts'
import { ArenaStore } from '../../src/store/arena/store.ts'
import { storeContract } from './store.contract.ts'

storeContract(
  'arena',
  ({ capacity_bytes, transit_buffer_bytes }) => {
    const arena = Arena.inMemory(new SharedArrayBuffer(Math.max(2 ** 20, capacity_bytes)))
    const store = new ArenaStore({
      name: 's0',
      memory: attachArena(arena.handle, 0),
      transit_buffer_bytes,
      transient_bytes: capacity_bytes,
      parameters: { eviction_size_bias: 0 },
      bells: undefined,
    })
    store.newRun()
    return store
  },
  false,
)
