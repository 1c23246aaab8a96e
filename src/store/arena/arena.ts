import { randomInt } from 'node:crypto'
import type { Doorbells } from '../../shm/doorbell.ts'
import { NO_WORKER } from '../../shm/lock.ts'
import { Epochs } from './epochs.ts'
import { geometryFor, type Geometry } from './geometry.ts'
import { HEADER } from './header.ts'
import { ArenaMemory, controlMemory, FREE_SEGMENTS } from './memory.ts'
import { recoverWorker } from './recovery.ts'

const MAGIC = 0x4c515241
const VERSION = 1

/** What a worker needs to find its way into an arena: can be posted to a thread. */
export interface ArenaHandle {
  readonly geometry: Geometry
  readonly memory: SharedArrayBuffer
  readonly control: SharedArrayBuffer
}

/** The manager's side of an arena: makes it, and cleans up behind workers that have died. */
export class Arena {
  readonly handle: ArenaHandle
  private readonly memory: ArenaMemory

  private constructor(handle: ArenaHandle) {
    this.handle = handle
    this.memory = new ArenaMemory(handle.geometry, handle.memory, handle.control, NO_WORKER)
  }

  /** An empty arena over zeroed memory. */
  static inMemory(memory: SharedArrayBuffer): Arena {
    const geometry = geometryFor(memory.byteLength)
    const arena = new Arena({ geometry, memory, control: controlMemory(geometry) })
    arena.format()
    return arena
  }

  /** The thread of that worker has ended: what it held is given back, what it was filling is broken off. Before another takes its place. */
  workerDied(worker: number, bells: Doorbells): void {
    recoverWorker(this.memory, worker)
    bells.ringAll()
  }

  private format(): void {
    const { header, general, geometry } = this.memory
    header[HEADER.magic] = MAGIC
    header[HEADER.version] = VERSION
    header[HEADER.segment_bytes] = geometry.segment_bytes
    header[HEADER.segments] = geometry.segments
    header[HEADER.buckets] = geometry.buckets
    header[HEADER.seed] = randomInt(2 ** 31)
    general[FREE_SEGMENTS] = geometry.segments
    Epochs.begin(this.memory)
  }
}

export function attachArena({ geometry, memory, control }: ArenaHandle, worker: number): ArenaMemory {
  return new ArenaMemory(geometry, memory, control, worker)
}
