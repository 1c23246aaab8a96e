import type { Clock } from '../base/clock.ts'
import type { RequestHead } from '../http/message.ts'
import { CONFIRMED } from '../policy/cache-status.ts'
import type { StoredObject } from '../store/contract.ts'
import { Busy, type Waiter } from './busy.ts'
import { CLAIM_END, CLAIM_THEIRS, CLAIM_UNSHARED, type ClaimEnd, type Claims } from './claims.ts'
import type { Variant } from './entry.ts'
import type { CacheObserver } from './lookup.ts'

const NOBODY: readonly Waiter[] = []

/** Is told of variants that have a fetch, and that have none any more. */
export interface RightsHolder {
  claimed(variant: Variant): void
  vacated(variant: Variant): void
}

/**
 * Who may fetch what, and who waits for it: at most one fetch for a variant, among all workers. Ending a right hands what came
 * of it to those who waited here; `claims` tells the other workers.
 */
export class Rights {
  private readonly claims: Claims
  private readonly clock: Clock
  private readonly observer: CacheObserver
  private readonly holder: RightsHolder
  /** Those that somebody waits for. */
  private readonly awaited = new Set<Busy>()

  constructor(claims: Claims, clock: Clock, observer: CacheObserver, holder: RightsHolder) {
    this.claims = claims
    this.clock = clock
    this.observer = observer
    this.holder = holder
  }

  /** The fetch under way. Of later requests nobody joins one that began before a purge. */
  of(variant: Variant): Busy | undefined {
    const { busy } = variant
    if (busy === undefined || busy.purges === this.claims.purges(variant.entry.hash)) return busy
    this.detach(busy)
    return undefined
  }

  /** The right to fetch the variant, which nobody has in this worker; `elsewhere` when another worker has it. */
  take(variant: Variant): Busy {
    const id = this.claimId(variant)
    const busy = this.announce(variant, this.claims.take(id))
    if (busy.elsewhere) this.claims.watch(id, (end) => this.endedElsewhere(busy, end))
    return busy
  }

  /** The same, but nothing when another worker has it: for whoever would not wait. */
  takeFree(variant: Variant): Busy | undefined {
    const claim = this.claims.take(this.claimId(variant))
    return claim === CLAIM_THEIRS ? undefined : this.announce(variant, claim)
  }

  /** Ends the right and gives the object to those who waited and for whom it will do; the others look up again. */
  hand(busy: Busy, object: StoredObject, willDo: (req: RequestHead) => boolean, elsewhere: ClaimEnd = CLAIM_END.look): void {
    const waiters = this.finish(busy, elsewhere)
    if (waiters.length === 0) return
    const others: Waiter[] = []
    const joined: Waiter[] = []
    for (const waiter of waiters) (willDo(waiter.req) ? joined : others).push(waiter)
    for (const waiter of joined) waiter.attach(object, busy.came)
    for (const waiter of joined) waiter.joined()
    for (const waiter of others) waiter.released(undefined)
  }

  /** Each of those who waited fetches for himself. */
  separate(busy: Busy): void {
    for (const waiter of this.finish(busy, CLAIM_END.alone)) waiter.fetchAlone()
  }

  /** All who waited look up again; those in other workers as `elsewhere` says. */
  release(busy: Busy, elsewhere: ClaimEnd = CLAIM_END.look): void {
    for (const waiter of this.finish(busy, elsewhere)) waiter.released(undefined)
  }

  /** Until the right ends, or `busy.leave`. */
  wait(busy: Busy, waiter: Waiter): void {
    busy.waiters ??= new Set()
    busy.waiters.add(waiter)
    this.awaited.add(busy)
  }

  /** Later requests do not join it any more. */
  detach(busy: Busy): void {
    const { variant } = busy
    if (variant.busy !== busy) return
    variant.busy = undefined
    variant.entry.busies--
    this.holder.vacated(variant)
  }

  /** Rule 5 of coalescing: who waited too long fetches for himself; the busy object stops collecting. */
  sweep(patience_ms: number): void {
    const since_ms = this.clock.mono_ms - patience_ms
    for (const busy of this.awaited) if (busy.since_ms < since_ms && busy.count > 0) this.giveUp(busy)
  }

  private giveUp(busy: Busy): void {
    const waiters = this.finish(busy, CLAIM_END.look)
    this.observer.gaveUp(waiters.length)
    for (const waiter of waiters) waiter.gaveUp()
  }

  private endedElsewhere(busy: Busy, end: ClaimEnd): void {
    if (end === CLAIM_END.confirmed) for (const waiter of this.finish(busy, end)) waiter.released(CONFIRMED)
    else if (end === CLAIM_END.alone) this.separate(busy)
    else if (end === CLAIM_END.apart && this.of(busy.variant) === busy) this.bequeath(busy)
    else this.release(busy)
  }

  /** One of those who wait fetches for this worker's: were the right taken among all, each worker would wait for one before it to fail. */
  private bequeath(busy: Busy): void {
    busy.claim = CLAIM_UNSHARED
    busy.free = true
    for (const heir of busy.waiters ?? NOBODY) {
      busy.leave(heir)
      heir.released(undefined)
      break
    }
    if (busy.free) this.release(busy)
  }

  private announce(variant: Variant, claim: number): Busy {
    const { entry } = variant
    const busy = new Busy(variant, this.clock.mono_ms, this.claims.purges(entry.hash), claim)
    variant.busy = busy
    entry.busies++
    this.holder.claimed(variant)
    return busy
  }

  private finish(busy: Busy, end: ClaimEnd): readonly Waiter[] {
    this.detach(busy)
    if (!busy.ended && busy.claim >= 0) this.claims.release(busy.claim, end)
    busy.ended = true
    return busy.waiters === undefined ? NOBODY : this.dismiss(busy, busy.waiters)
  }

  private dismiss(busy: Busy, waiters: Set<Waiter>): Waiter[] {
    this.awaited.delete(busy)
    busy.waiters = undefined
    return Array.from(waiters)
  }

  /** After a purge a fetch is another one. */
  private claimId({ entry, key }: Variant): string {
    return `${this.claims.purges(entry.hash)}${entry.idOf(key)}`
  }
}
