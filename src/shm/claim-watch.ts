import type { ClaimOutcome, Claims, Sighting } from './claims.ts'

/** Waits for the end of another's right. */
export interface ClaimWaiter {
  /** Called once, on a ring, unless it was forgotten before. */
  claimEnded(outcome: ClaimOutcome): void
}

/** One waiter's place; give it to `forget` when it does not want to wait any longer. */
export interface Watched extends Readonly<Sighting> {
  /** Until it was told, or forgotten. */
  waiter: ClaimWaiter | undefined
}

/** Ends told on one ring, more or less; the rest is told on the next, so that sockets have their turn between. */
const ENDS_PER_RING = 256

/**
 * One worker's side of watching others' claims. `rung` is to be called when the worker's doorbell rings: it looks
 * at the slots that were marked for it and nowhere else (a bitmap of 8 KiB), and tells the waiters whose claim has ended.
 */
export class ClaimWatch {
  private readonly claims: Claims
  private readonly worker: number
  private readonly marks: Int32Array
  /** By slot. Of a slot several tenancies may be watched: one may have ended and not been told yet. */
  private readonly watched = new Map<number, Watched[]>()
  /** Where in the marks the next ring begins, so that those at the end have their turn, too. */
  private next = 0

  constructor(claims: Claims, worker: number) {
    this.claims = claims
    this.worker = worker
    this.marks = claims.marksOf(worker)
  }

  /** Slots that are watched now. */
  get size(): number {
    return this.watched.size
  }

  /** Waits for the end of the claim that `take` has just met. It may have ended since: then, too, it is told on a ring. */
  watch(waiter: ClaimWaiter): Watched {
    const { slot, tenancy } = this.claims.met
    const one: Watched = { slot, tenancy, waiter }
    const others = this.watched.get(slot)
    if (others === undefined) this.watched.set(slot, [one])
    else others.push(one)
    // In this order: see the claims' fourth rule.
    this.claims.setWatched(slot, this.worker, true)
    if (this.claims.outcomeOf(one) !== undefined) this.claims.tell(this.worker, slot)
    return one
  }

  forget(one: Watched): void {
    one.waiter = undefined
    this.sift(one.slot)
  }

  rung(): void {
    let ended = 0
    for (let looked = 0; looked < this.marks.length; looked++) {
      // Racy, but not before its time: the mark was made before the ring that brought us here.
      if (this.marks[this.next] !== 0) {
        if (ended >= ENDS_PER_RING) return this.claims.tell(this.worker, this.next * 32 + 31 - Math.clz32(this.marks[this.next]))
        ended += this.lookAtAll(this.next * 32, Atomics.exchange(this.marks, this.next, 0))
      }
      this.next = (this.next + 1) % this.marks.length
    }
  }

  private lookAtAll(first: number, bits: number): number {
    let ended = 0
    for (let left = bits; left !== 0;) {
      const bit = 31 - Math.clz32(left)
      left &= ~(1 << bit)
      ended += this.lookAt(first + bit)
    }
    return ended
  }

  /** Waiters may watch and forget while they are told. */
  private lookAt(slot: number): number {
    let ended = 0
    for (const one of this.watched.get(slot)?.slice() ?? []) {
      const outcome = this.claims.outcomeOf(one)
      if (outcome === undefined) continue
      const { waiter } = one
      one.waiter = undefined
      ended++
      waiter?.claimEnded(outcome)
    }
    this.sift(slot)
    return ended
  }

  /** Keeps those of a slot who still wait. When there is none, others need not mark it for us. */
  private sift(slot: number): void {
    const left = (this.watched.get(slot) ?? []).filter((one) => one.waiter !== undefined)
    if (left.length > 0) {
      this.watched.set(slot, left)
      return
    }
    this.watched.delete(slot)
    this.claims.setWatched(slot, this.worker, false)
  }
}
