import { OWNER_PATIENCE_MS, SharedLocks } from './lock.ts'

const ENTRIES = 4096
/** Whose list, which object, until when. */
const ENTRY_BYTES = 8 + 16 + 8
export const OBJECT_BYTES = 16

// Words in front.
const HEADER_BYTES = 64
const LOCK = 0
/** How many entries there have been, modulo 2^32. */
const COUNT = 1

/** Of `object` OBJECT_BYTES, good during the call only. */
export type Told = (saint: bigint, object: Uint8Array, until_s: number) => void

/**
 * What workers tell each other of backends that fail for some objects (saintmode): the last 4,096 entries, in one order. Each worker keeps
 * lists of its own and reads what has been added since it looked last, which one load tells. An entry counts when all of
 * it is there; who dies before that has said nothing.
 */
export class SaintLists {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly locks: SharedLocks

  /** `worker`: its slot, or NO_WORKER. */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.memory = memory
    this.words = new Int32Array(memory, 0, HEADER_BYTES / 4)
    this.bytes = Buffer.from(memory, HEADER_BYTES)
    this.locks = new SharedLocks(this.words.subarray(LOCK, LOCK + 1), worker)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + ENTRIES * ENTRY_BYTES)
  }

  /** For the manager, when the thread of that worker has ended. */
  releaseAllOf(worker: number): void {
    this.locks.releaseAllOf(worker)
  }

  /** Moves with each entry. */
  get count(): number {
    return Atomics.load(this.words, COUNT)
  }

  /** Where somebody who has seen nothing begins. */
  get oldest(): number {
    const { count } = this
    // Before there were as many, and after the count has gone round: what is empty says nothing.
    return (count - ENTRIES) | 0
  }

  /** False when the lock was not to be had: the others do not hear of it. */
  add(saint: bigint, object: Uint8Array, until_s: number): boolean {
    if (!this.locks.lock(0, OWNER_PATIENCE_MS)) return false
    const at = placeOf(this.count)
    this.bytes.writeBigUInt64LE(saint, at)
    this.bytes.set(object.subarray(0, OBJECT_BYTES), at + 8)
    this.bytes.writeDoubleLE(until_s, at + 8 + OBJECT_BYTES)
    Atomics.add(this.words, COUNT, 1)
    this.locks.unlock(0)
    return true
  }

  /** Tells each entry from `seen` on, as far as it is still there; returns what has been seen now. */
  since(seen: number, tell: Told): number {
    const end = this.count
    const entry = Buffer.allocUnsafe(ENTRY_BYTES)
    for (let n = Math.max((end - seen) | 0, 0) > ENTRIES ? (end - ENTRIES) | 0 : seen; n !== end; n = (n + 1) | 0) {
      entry.set(this.bytes.subarray(placeOf(n), placeOf(n) + ENTRY_BYTES))
      // Overwritten meanwhile, or about to be.
      if (((this.count - n) | 0) >= ENTRIES) continue
      const saint = entry.readBigUInt64LE(0)
      if (saint !== 0n) tell(saint, entry.subarray(8, 8 + OBJECT_BYTES), entry.readDoubleLE(8 + OBJECT_BYTES))
    }
    return end
  }
}

function placeOf(n: number): number {
  return (n & (ENTRIES - 1)) * ENTRY_BYTES
}
