import type { Store } from '../store/contract.ts'
import type { VclStevedore } from '../vcl/runtime/context.ts'

/** storage.<name>.* for rules. */
export function storageView(store: Store): VclStevedore {
  const stats = store.stats()
  return {
    name: store.name,
    free_space_bytes: stats.capacity_bytes - stats.used_bytes,
    used_space_bytes: stats.used_bytes,
    happy: true,
  }
}
