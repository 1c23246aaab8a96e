import type { Clock } from '../base/clock.ts'
import { OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { MemoryStoreSpec, StoreSpec } from '../config/storage.ts'
import { memoryLimit } from '../config/memory-limit.ts'
import { createSharedMemory } from '../shm/memory.ts'
import { Arena, type Recovered } from '../store/arena/arena.ts'

/**
 * Each store has an arena of its own. An OperatorError when the memory or the file for one cannot be had. `transient`: as -s has given it;
 * nothing is reserved for it, but what it promises must be there.
 */
export function openArenas(stores: readonly StoreSpec[], clock: Clock, transient?: MemoryStoreSpec, limit_bytes = memoryLimit()): Arena[] {
  checkTogether(stores, transient, limit_bytes)
  const opened: Arena[] = []
  try {
    for (const store of stores) opened.push(openArena(store, clock, limit_bytes))
  } catch (error) {
    for (const arena of opened) arena.leave()
    throw error
  }
  return opened
}

function openArena(store: StoreSpec, clock: Clock, limit_bytes: number): Arena {
  if (store.kind === 'file') return Arena.inFile(store.path, store.size_bytes, clock)
  return Arena.inMemory(createSharedMemory(store.size_bytes, limit_bytes))
}

/** Each of them may be had, and all of them not. */
function checkTogether(stores: readonly StoreSpec[], transient: MemoryStoreSpec | undefined, limit_bytes: number): void {
  const inMemory: StoreSpec[] = stores.filter(({ kind }) => kind === 'memory')
  if (transient !== undefined) inMemory.push(transient)
  const together = inMemory.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  const one = inMemory.length === 1
  // Of one store whoever makes it says so.
  if ((one && transient === undefined) || together <= limit_bytes) return
  const names = inMemory.map(({ name }) => name).join(', ')
  throw new OperatorError(
    `-s: ${names} ${one ? 'is' : 'are'} ${formatBytes(together)}${one ? '' : ' together'}, and this process may use ${Math.floor(limit_bytes / 2 ** 20)} MiB at most (machine or cgroup); use smaller sizes, or -s file,PATH,SIZE`,
  )
}

/** What a store is, for the start of the program. */
export function describeArena(store: StoreSpec, { handle, recovered }: Arena): string {
  const what = store.kind === 'file' ? `file ${store.path}` : store.kind
  const found = recovered === undefined ? '' : `, ${describeRecovered(recovered)}`
  return `store ${store.name}: ${what}, ${formatBytes(store.size_bytes)}, ${handle.geometry.segments} segments${found}`
}

function describeRecovered({ created, clean, objects, bytes }: Recovered): string {
  if (created) return 'new'
  const mib = Math.ceil(bytes / 2 ** 20)
  return `${clean ? '' : 'about '}${objects} objects in ${mib} MiB recovered, ${clean ? 'stopped cleanly' : 'not stopped cleanly'}`
}
