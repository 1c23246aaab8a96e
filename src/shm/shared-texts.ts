import { OWNER_PATIENCE_MS, SharedLocks } from './lock.ts'

/** All of it, names and texts, in bytes of its encoding. */
const HALF_BYTES = 256 * 1024

// Words in front of the two halves.
const HEADER_BYTES = 64
const LOCK = 0
/** Counts changes; the lowest bit says which half holds. */
const VERSION = 1
/** Bytes used of each half. */
const USED = 2

/**
 * A few texts by name that all workers see, for flags and the like: setting one writes them all, into the half that does not hold,
 * and turns to it with one store. Whoever dies before that has changed nothing. A worker reads them all when the version has moved.
 */
export class SharedTexts {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly locks: SharedLocks
  private known = new Map<string, string>()
  private version = 0

  /** `worker`: its slot, or NO_WORKER. */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.memory = memory
    this.words = new Int32Array(memory, 0, HEADER_BYTES / 4)
    this.locks = new SharedLocks(this.words.subarray(LOCK, LOCK + 1), worker)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + 2 * HALF_BYTES)
  }

  releaseAllOf(worker: number): void {
    this.locks.releaseAllOf(worker)
  }

  get(name: string): string | undefined {
    if (Atomics.load(this.words, VERSION) !== this.version) this.locked(() => this.read())
    return this.known.get(name)
  }

  /** Undefined removes it. False when there is no room, or the lock was not to be had. */
  set(name: string, text: string | undefined): boolean {
    if (this.get(name) === text) return true
    return this.locked(() => {
      this.read()
      const changed = new Map(this.known)
      if (text === undefined) changed.delete(name)
      else changed.set(name, text)
      return this.write(changed)
    })
  }

  private locked(section: () => boolean): boolean {
    if (!this.locks.lock(0, OWNER_PATIENCE_MS)) return false
    try {
      return section()
    } finally {
      this.locks.unlock(0)
    }
  }

  private half(version: number): Buffer {
    return Buffer.from(this.memory, HEADER_BYTES + (version & 1) * HALF_BYTES, HALF_BYTES)
  }

  private read(): true {
    const version = Atomics.load(this.words, VERSION)
    if (version === this.version) return true
    // JSON over a copy: the decoder does not take shared memory.
    const bytes = Buffer.from(this.half(version).subarray(0, this.words[USED + (version & 1)]))
    this.known = new Map(JSON.parse(bytes.toString('utf8')) as [string, string][])
    this.version = version
    return true
  }

  private write(changed: Map<string, string>): boolean {
    const bytes = Buffer.from(JSON.stringify([...changed]), 'utf8')
    if (bytes.length > HALF_BYTES) return false
    const version = (this.version + 1) | 0
    this.half(version).set(bytes)
    this.words[USED + (version & 1)] = bytes.length
    Atomics.store(this.words, VERSION, version)
    this.known = changed
    this.version = version
    return true
  }
}
