import { arenaStore } from '../kit/arena.ts'
import { newPath, openArena } from '../kit/arena-file.ts'
import { storeContract } from './store.contract.ts'

const UNIT_BYTES = 64 * 1024

storeContract(
  'arena in a file',
  ({ capacity_bytes, transit_buffer_bytes }) => {
    const size_bytes = Math.max(2 ** 20, Math.ceil(capacity_bytes / UNIT_BYTES) * UNIT_BYTES)
    const store = arenaStore(openArena(newPath(), size_bytes).handle, { transit_buffer_bytes, transient_bytes: capacity_bytes })
    store.newRun()
    return store
  },
  false,
)
