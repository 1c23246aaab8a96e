import { native } from '../shm/native.ts'
import { RingClaims } from './claims.ts'
import type { LogVersion } from './format.ts'
import type { RingSeat } from './ring-writer.ts'
import { formatRing, type RingMemory } from './ring.ts'

/** Memory that was mapped from a file, anywhere in this process. It stays mapped for as long as the process lives. */
export interface MappedMemory {
  readonly address: bigint
  readonly size_bytes: number
}

/** A ring as threads are told of it: plain data. */
export interface RingPlace {
  readonly memory: SharedArrayBuffer | MappedMemory
  readonly claims: SharedArrayBuffer
}

/** For the manager, once: `memory` reads as zeros and becomes a ring. */
export function newRing(memory: RingPlace['memory'], version: LogVersion): RingPlace {
  formatRing(memoryOf(memory), version)
  return { memory, claims: RingClaims.memory() }
}

/** For each thread that writes: a worker's slot, or MANAGER. */
export function takeSeat({ memory, claims }: RingPlace, thread: number): RingSeat {
  return { memory: memoryOf(memory), claims, thread }
}

/** A thread has one view: V8 takes each for memory of its own, and collects garbage when there is so much. */
const views = new Map<bigint, ArrayBuffer>()

/** This thread's own view of it. */
export function memoryOf(memory: RingPlace['memory']): RingMemory {
  if (memory instanceof SharedArrayBuffer) return memory
  const view = views.get(memory.address) ?? native().view(memory.address, memory.size_bytes)
  views.set(memory.address, view)
  return view
}
