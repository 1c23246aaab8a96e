import { MANAGER, SharedLocks } from './lock.ts'

const NEWEST = 0
const LOCK = 1
const FLOOR = 2
const BYTES = 12

/** What is under the lock are a few stores; nobody holds it for so long and lives. */
const PATIENCE_MS = 2000

/** Where the newest serial is kept for a process that comes after this one. */
export interface SerialKeeper {
  keepSerial(serial: number): void
}

/**
 * The order of invalidations (bans, purges by tag), among all threads of a process: each takes a serial, and every stored object says up to
 * which serial it has been checked. Words of 32 bits that go round: one is newer than another within 2^31 of it (`isNewer`).
 */
export class Serials {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly locks: SharedLocks
  private readonly keepers: readonly SerialKeeper[]

  /** `owner`: the worker, or MANAGER. */
  constructor(owner: number = MANAGER, memory = new SharedArrayBuffer(BYTES), keepers: readonly SerialKeeper[] = []) {
    this.memory = memory
    this.words = new Int32Array(memory)
    this.locks = new SharedLocks(this.words.subarray(LOCK, LOCK + 1), owner)
    this.keepers = keepers
  }

  /** Everything that an invalidation up to this one has written is seen by whoever has seen this. */
  get newest(): number {
    return Atomics.load(this.words, NEWEST)
  }

  /**
   * Invalidations up to this one are about to be forgotten, or have been: an object that began with an earlier serial can no longer be held
   * to all of them. Moved up before the objects are walked over that shows that none is left for them.
   */
  get floor(): number {
    return Atomics.load(this.words, FLOOR)
  }

  set floor(serial: number) {
    Atomics.store(this.words, FLOOR, serial)
  }

  /**
   * Takes the next one. `publish` writes what it stands for, where others find it when they see the serial: one thread at a time, and
   * before anybody sees it. When `publish` says false the serial is not taken. Undefined then, and when the owner before us
   * hangs.
   */
  take(publish: (serial: number) => boolean): number | undefined {
    return this.exclusively(() => {
      const serial = (this.newest + 1) | 0
      if (!publish(serial)) return undefined
      this.advance(serial)
      return serial
    })
  }

  /** What is done while nobody takes one. Undefined when the lock is not to be had. */
  exclusively<T>(deed: () => T): T | undefined {
    if (!this.locks.lock(0, PATIENCE_MS)) return undefined
    try {
      return deed()
    } finally {
      this.locks.unlock(0)
    }
  }

  /** For the manager, before there are workers: where an earlier process has ended. */
  begin(serial: number): void {
    this.advance(serial)
    this.floor = serial
  }

  /** For the manager, when the thread of that worker has ended. */
  releaseAllOf(worker: number): void {
    this.locks.releaseAllOf(worker)
  }

  /** Kept first: no object of a file has been checked against what its file does not know of. */
  private advance(serial: number): void {
    for (const keeper of this.keepers) keeper.keepSerial(serial)
    Atomics.store(this.words, NEWEST, serial)
  }
}

/** Serials go round. */
export function isNewer(serial: number, than: number): boolean {
  return ((serial - than) | 0) > 0
}
