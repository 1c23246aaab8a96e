import { createHash, randomBytes } from 'node:crypto'
import { OWNER_PATIENCE_MS, SharedLocks } from './lock.ts'

const SETS = 8192
const WAYS = 8
const LOCKS = 64
const SEED_BYTES = 16

/** Tenths of a token add up to a little less than one. */
const ROUNDING = 1e-9

// A bucket's numbers, one cache line. Its name is 64 bits of a hash, in the bytes of the first: 0 is nobody's.
const NUMBERS = 8
const NAME = 0
const TOKENS = 1
const SEEN_S = 2
const BLOCKED_UNTIL_S = 3
const CAPACITY = 4
const PERIOD_S = 5

/** What a bucket is known by: the same key with other figures is another bucket. */
export interface BucketSpec {
  readonly key: string
  /** So many tokens, and so many more in each period. */
  readonly limit: number
  readonly period_s: number
  /** Once empty, nothing is given for so long. */
  readonly block_s: number
}

/**
 * Token buckets of all workers: 65,536 in 4 MiB, forgotten with the process. A name's hash leads to a set of eight. Where
 * that is full the fullest bucket makes room, which loses least: one that is full is as good as none. Hashes have a secret
 * seed, so that nobody can choose keys that crowd out another's bucket.
 *
 * A worker may die between any two steps: a bucket without a name is free, and it gets its name last.
 */
export class TokenBuckets {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  private readonly numbers: Float64Array
  private readonly names: BigInt64Array
  private readonly seed: Buffer
  private readonly locks: SharedLocks

  /** `worker`: its slot, or NO_WORKER. */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.memory = memory
    const count = SETS * WAYS * NUMBERS
    this.numbers = new Float64Array(memory, 0, count)
    this.names = new BigInt64Array(memory, 0, count)
    this.locks = new SharedLocks(new Int32Array(memory, count * 8, LOCKS), worker)
    this.seed = Buffer.from(new Uint8Array(memory, count * 8 + LOCKS * 4, SEED_BYTES))
  }

  static memory(): SharedArrayBuffer {
    const bytes = SETS * WAYS * NUMBERS * 8
    const memory = new SharedArrayBuffer(bytes + LOCKS * 4 + SEED_BYTES)
    new Uint8Array(memory, bytes + LOCKS * 4).set(randomBytes(SEED_BYTES))
    return memory
  }

  /** For the manager, when the thread of that worker has ended. */
  releaseAllOf(worker: number): void {
    this.locks.releaseAllOf(worker)
  }

  /** Takes a token; false when there is none, or the bucket is blocked. */
  take(spec: BucketSpec, now_s: number): boolean {
    return this.with(spec, now_s, true, (at) => {
      const { numbers } = this
      const blocked = spec.block_s > 0 && now_s < numbers[at + BLOCKED_UNTIL_S]
      const given = numbers[at + TOKENS] >= 1 - ROUNDING
      if (given) numbers[at + TOKENS]--
      else if (spec.block_s > 0 && !blocked) numbers[at + BLOCKED_UNTIL_S] = now_s + spec.block_s
      return given && !blocked
    })
  }

  /** Gives one back, not beyond the limit. */
  giveBack(spec: BucketSpec, now_s: number): void {
    this.with(spec, now_s, undefined, (at) => {
      this.numbers[at + TOKENS] = Math.min(this.numbers[at + TOKENS] + 1, spec.limit)
    })
  }

  remaining(spec: BucketSpec, now_s: number): number {
    return this.with(spec, now_s, spec.limit, (at) => Math.max(Math.floor(this.numbers[at + TOKENS] + ROUNDING), 0))
  }

  /** Seconds for which it still is blocked. */
  blocked(spec: BucketSpec, now_s: number): number {
    return this.with(spec, now_s, 0, (at) => Math.max(this.numbers[at + BLOCKED_UNTIL_S] - now_s, 0))
  }

  remove(spec: BucketSpec, now_s: number): void {
    this.with(spec, now_s, undefined, (at) => {
      this.names[at + NAME] = 0n
    })
  }

  /** `otherwise` when the lock was not to be had: a limit that holds up requests would be worse than one that lets one through. */
  private with<T>(spec: BucketSpec, now_s: number, otherwise: T, use: (at: number) => T): T {
    const { name, set } = this.nameOf(spec)
    const lock = set % LOCKS
    if (!this.locks.lock(lock, OWNER_PATIENCE_MS)) return otherwise
    try {
      const at = this.find(name, set) ?? this.make(name, set, spec, now_s)
      this.refill(at, now_s)
      return use(at)
    } finally {
      this.locks.unlock(lock)
    }
  }

  private nameOf({ key, limit, period_s, block_s }: BucketSpec): { name: bigint; set: number } {
    const hash = createHash('sha256').update(this.seed).update(`${limit} ${period_s} ${block_s} `).update(key, 'latin1').digest()
    const name = hash.readBigInt64LE(0)
    return { name: name === 0n ? 1n : name, set: hash.readUInt32LE(8) % SETS }
  }

  private find(name: bigint, set: number): number | undefined {
    for (let i = 0; i < WAYS; i++) {
      const at = (set * WAYS + i) * NUMBERS
      if (this.names[at + NAME] === name) return at
    }
    return undefined
  }

  private make(name: bigint, set: number, spec: BucketSpec, now_s: number): number {
    const at = this.room(set, now_s)
    const { numbers, names } = this
    names[at + NAME] = 0n
    numbers[at + TOKENS] = Math.max(spec.limit, 0)
    numbers[at + SEEN_S] = now_s
    numbers[at + BLOCKED_UNTIL_S] = 0
    numbers[at + CAPACITY] = Math.max(spec.limit, 0)
    numbers[at + PERIOD_S] = spec.period_s
    names[at + NAME] = name
    return at
  }

  private room(set: number, now_s: number): number {
    let best = -1
    let least = Infinity
    for (let i = 0; i < WAYS; i++) {
      const at = (set * WAYS + i) * NUMBERS
      if (this.names[at + NAME] === 0n) return at
      this.refill(at, now_s)
      const loss = this.loss(at, now_s)
      if (loss < least) [least, best] = [loss, at]
    }
    return best
  }

  /** What forgetting a bucket would give away: 0 of a full one, more than 1 of one that is blocked. */
  private loss(at: number, now_s: number): number {
    const { numbers } = this
    const blocked = numbers[at + BLOCKED_UNTIL_S] > now_s ? 1 : 0
    return blocked + (numbers[at + CAPACITY] > 0 ? 1 - numbers[at + TOKENS] / numbers[at + CAPACITY] : 0)
  }

  /** A clock that was set back gives nothing. */
  private refill(at: number, now_s: number): void {
    const { numbers } = this
    const passed_s = now_s - numbers[at + SEEN_S]
    numbers[at + SEEN_S] = now_s
    if (passed_s <= 0) return
    const share = numbers[at + PERIOD_S] > 0 ? passed_s / numbers[at + PERIOD_S] : 1
    numbers[at + TOKENS] = Math.min(numbers[at + TOKENS] + share * numbers[at + CAPACITY], numbers[at + CAPACITY])
  }
}
