import { randomInt } from 'node:crypto'
import { hashed, hashId } from '../store/arena/hash.ts'

/** What a right to fetch came to, for those who wait for it in other workers. */
export const CLAIM_END = {
  /** Look up again: the response is stored, or there is none. */
  look: 0,
  /** The response is not for sharing between requests that came together: fetch, whatever is stored. */
  alone: 1,
  /** The fetch failed, and its error page is not stored: one of each worker fetches, for those who wait in that worker. */
  apart: 2,
  /** Look up again: what was stored has been confirmed. */
  confirmed: 3,
} as const
export type ClaimEnd = (typeof CLAIM_END)[keyof typeof CLAIM_END]

/** The right is ours, and no other worker is told of it. */
export const CLAIM_UNSHARED = -2
/** Another worker has it. */
export const CLAIM_THEIRS = -1

/** Rights to fetch among workers that share a store: one fetch for all of them. */
export interface Claims {
  /** A number to release it by, CLAIM_UNSHARED, or CLAIM_THEIRS, and then `watch` tells when to look again. */
  take(id: string): number
  release(claim: number, end: ClaimEnd): void
  /** Calls back once when the right that another worker has ends, also by its death. Ended by now: in a later turn. */
  watch(id: string, ended: (end: ClaimEnd) => void): void
  /** 32 bits of a key, in all workers the same. */
  hash(key: string): number
  /** Purges of keys, counted together for many keys by their hash: what a count says to be unchanged was not purged meanwhile. */
  purges(hash: number): number
  countPurge(hash: number): void
}

const COUNTS = 1 << 12

/** For a worker that shares its store with nobody. */
export class NoClaims implements Claims {
  private readonly counts = new Int32Array(COUNTS)
  /** No outsider's to know. */
  private readonly seed = randomInt(0x7fffffff)

  take(): number {
    return CLAIM_UNSHARED
  }

  release(): void {}

  watch(): void {}

  hash(key: string): number {
    hashId(key, this.seed)
    return hashed.lo
  }

  purges(hash: number): number {
    return this.counts[hash & (COUNTS - 1)]
  }

  countPurge(hash: number): void {
    this.counts[hash & (COUNTS - 1)]++
  }
}
