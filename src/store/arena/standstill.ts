import type { SharedLocks } from '../../shm/lock.ts'
import { EVICTION_LOCK } from './memory.ts'
import type { Segments } from './segments.ts'
import type { ArenaParts } from './writer.ts'

/** How long a worker stands still for a free segment; after that the response goes around the store. */
const WAIT_MAX_MS = 2
/** So many times as long its clients have it before it does so again: where the others are slow, each response would wait as long. */
const APART = 10

/**
 * A worker that needs a segment now, when some are free as soon as the runs of the others have ended. They end within a millisecond, or the others are
 * woken to say that they are in none.
 */
export class Standstill {
  private readonly segments: Segments
  private readonly locks: SharedLocks
  private not_before_ms = 0

  constructor({ segments, memory }: ArenaParts) {
    this.segments = segments
    this.locks = memory.locks
  }

  /** `announce`: they may wait for us as we do for them. */
  forOne(announce: () => void): void {
    const { segments, locks } = this
    const begun_ms = performance.now()
    let now_ms = begun_ms
    if (now_ms < this.not_before_ms) return
    for (; segments.free === 0 && segments.free_soon > 0 && now_ms < begun_ms + WAIT_MAX_MS; now_ms = performance.now()) {
      announce()
      if (!locks.tryLock(EVICTION_LOCK)) continue
      segments.reap()
      locks.unlock(EVICTION_LOCK)
    }
    this.not_before_ms = now_ms + APART * (now_ms - begun_ms)
  }
}
