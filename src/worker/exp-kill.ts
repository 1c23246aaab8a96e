import type { Clock } from '../base/clock.ts'
import { TAG } from '../log/tags.ts'
import type { LogWriter } from '../log/writer.ts'
import type { StoreWatcher } from '../store/contract.ts'

/** ExpKill: what left a store by itself, in no transaction, and only where somebody has unmasked it. */
export class ExpKillLog implements StoreWatcher {
  private readonly log: LogWriter
  private readonly clock: Clock

  constructor(log: LogWriter, clock: Clock) {
    this.log = log
    this.clock = clock
  }

  get wanted(): boolean {
    return this.log.mask[TAG.ExpKill] === 0
  }

  evicted(xid: number): void {
    this.log.event(TAG.ExpKill, `LRU x=${xid}`)
  }

  expired(xid: number, fresh_ms: number): void {
    this.log.event(TAG.ExpKill, `EXP_Expired x=${xid} t=${((fresh_ms - this.clock.wall_ms) / 1000).toFixed(0)}`)
  }
}
