import type { Ban } from '../cache/bans/ban.ts'
import { COMPILED_MAX } from '../cache/bans/compiled.ts'
import { isNewer } from '../shm/serial.ts'

/** An object that is so far behind has been forgotten by everybody: serials go round, and it must not seem new. */
const BEHIND_MAX = 2 ** 30

/** What one walk over all objects is to do, fixed when it begins. */
export interface BanPlan {
  /** The newest serial: objects that are younger, or have been checked up to it, need nothing. */
  readonly until: number
  /** To be tested, newest first: the oldest of those that can be, as many as can be compiled at once. */
  readonly tested: readonly Ban[]
  /** Serials of those that are not, because they ask for the request, are too young, or are the next walk's: no object is moved past one of these. Ascending. */
  readonly barriers: readonly number[]
  /** Objects that have not been checked up to this one go; undefined for no bound. */
  readonly cutoff: number | undefined
  /** Bans of which the walk shows that no older object is left, if so: those up to the last one that is old enough. */
  readonly floor: number | undefined
}

/**
 * `bans` are all, oldest first. Those that are older than `old_ms` are worked off; when `tests` is false (ban_lurker_sleep is 0) none is
 * tested, and the walk only finds out what is left.
 */
export function planWalk(bans: readonly Ban[], until: number, old_ms: number, tests: boolean, cutoff: number): BanPlan {
  const live = bans.filter(({ done }) => !done)
  const old = live.filter(({ time_ms }) => time_ms <= old_ms)
  const tested = tests ? oldest(old.filter(({ ofRequest }) => !ofRequest)).toReversed() : []
  const testable = new Set(tested)
  return {
    until,
    tested,
    barriers: live.filter((ban) => !testable.has(ban)).map(({ serial }) => serial),
    cutoff: cutoff > 0 && live.length > cutoff ? live[live.length - cutoff - 1].serial : undefined,
    floor: old.at(-1)?.serial,
  }
}

function oldest(bans: readonly Ban[]): readonly Ban[] {
  let patterns = 0
  const end = bans.findIndex((ban) => (patterns += ban.patterns) > COMPILED_MAX)
  return end < 0 ? bans : bans.slice(0, end)
}

/** How far an object can be moved that was checked up to `checked` and that no tested ban describes. */
export function movedUp({ barriers, until }: BanPlan, checked: number): number {
  const i = firstNewer(barriers, checked)
  return i === barriers.length ? until : (barriers[i] - 1) | 0
}

export function isForgotten(checked: number, until: number): boolean {
  return ((until - checked) | 0) > BEHIND_MAX || ((until - checked) | 0) === -(2 ** 31)
}

/** Index of the first that is newer, of serials in ascending order. */
export function firstNewer(serials: readonly number[], than: number): number {
  let low = 0
  let high = serials.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isNewer(serials[middle], than)) high = middle
    else low = middle + 1
  }
  return low
}
