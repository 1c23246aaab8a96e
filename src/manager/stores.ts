import { OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { StoreSpec, Stores } from '../config/storage.ts'
import { memoryLimit } from '../config/memory-limit.ts'
import { createSharedMemory } from '../shm/memory.ts'
import { Arena } from '../store/arena/arena.ts'

/** What the command line may say about stores and this edition cannot do: refused here, and nowhere else. */
export function refuseStores({ stores }: Stores): void {
  const file = stores.find((store) => store.kind === 'file')
  if (file) throw new OperatorError(`-s ${file.name}: file stores are not supported yet; use memory,SIZE`)
}

/** Each store has an arena of its own. An OperatorError when the memory for one cannot be had. */
export function openArenas(stores: readonly StoreSpec[], limit_bytes = memoryLimit()): Arena[] {
  checkTogether(stores, limit_bytes)
  return stores.map(({ size_bytes }) => Arena.inMemory(createSharedMemory(size_bytes, limit_bytes)))
}

/** Each of them may be had, and all of them not. */
function checkTogether(stores: readonly StoreSpec[], limit_bytes: number): void {
  const inMemory = stores.filter(({ kind }) => kind === 'memory')
  const together = inMemory.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  if (inMemory.length < 2 || together <= limit_bytes) return
  const names = inMemory.map(({ name }) => name).join(', ')
  throw new OperatorError(
    `-s: ${names} are ${formatBytes(together)} together, and this process may use ${Math.floor(limit_bytes / 2 ** 20)} MiB at most (machine or cgroup); use smaller sizes, or -s file,PATH,SIZE`,
  )
}

/** What a store is, for the start of the program. */
export function describeArena({ name, kind, size_bytes }: StoreSpec, { handle }: Arena): string {
  return `store ${name}: ${kind}, ${formatBytes(size_bytes)}, ${handle.geometry.segments} segments`
}
