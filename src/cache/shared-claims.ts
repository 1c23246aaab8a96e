import type { ClaimWatch } from '../shm/claim-watch.ts'
import {
  ALONE,
  APART,
  CLAIM_FULL,
  CLAIM_THEIRS as MET,
  CONFIRMED,
  type ClaimOutcome,
  LOOK_AGAIN,
  type Claims as ClaimTable,
} from '../shm/claims.ts'
import { hashed, hashId } from '../store/arena/hash.ts'
import { CLAIM_END, CLAIM_THEIRS, CLAIM_UNSHARED, type ClaimEnd, type Claims } from './claims.ts'

/** Counts of purges, shared by all workers: a power of two, so many that few keys have one in common. */
const PURGE_COUNTS = 65_536

export function purgeMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(PURGE_COUNTS * Int32Array.BYTES_PER_ELEMENT)
}

/** In shared memory and here. */
const { look, alone, apart, confirmed } = CLAIM_END
const OUTCOMES: Record<ClaimEnd, ClaimOutcome> = { [look]: LOOK_AGAIN, [alone]: ALONE, [apart]: APART, [confirmed]: CONFIRMED }
const ENDS: Record<ClaimOutcome, ClaimEnd> = { [LOOK_AGAIN]: look, [ALONE]: alone, [APART]: apart, [CONFIRMED]: confirmed }

/** Rights to fetch among the workers of a process. */
export class SharedClaims implements Claims {
  private readonly table: ClaimTable
  private readonly watches: ClaimWatch
  private readonly counts: Int32Array
  private readonly seed: number

  /** `seed` is the same for all workers, and no outsider's to know. */
  constructor(table: ClaimTable, watches: ClaimWatch, purges: SharedArrayBuffer, seed: number) {
    this.table = table
    this.watches = watches
    this.counts = new Int32Array(purges)
    this.seed = seed
  }

  take(id: string): number {
    hashId(id, this.seed)
    const slot = this.table.take(hashed.hi, hashed.lo)
    if (slot === MET) return CLAIM_THEIRS
    return slot === CLAIM_FULL ? CLAIM_UNSHARED : slot
  }

  release(claim: number, end: ClaimEnd): void {
    this.table.release(claim, OUTCOMES[end])
  }

  /** Directly after the `take` that met another's right. */
  watch(_id: string, ended: (end: ClaimEnd) => void): void {
    this.watches.watch({ claimEnded: (outcome) => ended(ENDS[outcome]) })
  }

  hash(key: string): number {
    hashId(key, this.seed)
    return hashed.lo
  }

  purges(hash: number): number {
    return Atomics.load(this.counts, hash & (PURGE_COUNTS - 1))
  }

  countPurge(hash: number): void {
    Atomics.add(this.counts, hash & (PURGE_COUNTS - 1), 1)
  }
}
