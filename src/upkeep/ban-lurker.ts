import type { Clock } from '../base/clock.ts'
import type { Ban } from '../cache/bans/ban.ts'
import type { Bans } from '../cache/bans/bans.ts'
import { isBanned, tests_done } from '../cache/bans/evaluate.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { type CounterValues, MAIN } from '../counters/counters.ts'
import type { Ledger } from '../shm/ledger.ts'
import { isNewer, type Serials } from '../shm/serial.ts'
import { type ArenaWalk, WALK, type Walked } from '../store/arena/walk.ts'
import { type BanPlan, firstNewer, isForgotten, movedUp, planWalk } from './ban-plan.ts'

export type LurkerParameters = Pick<
  ParameterValues,
  'ban_cutoff' | 'ban_lurker_age' | 'ban_lurker_batch' | 'ban_lurker_holdoff' | 'ban_lurker_sleep'
>

export interface LurkerParts {
  readonly serials: Serials
  readonly ledger: Ledger
  /** The manager's. */
  readonly bans: Bans
  readonly walks: readonly ArenaWalk[]
  readonly clock: Clock
  readonly parameters: LurkerParameters
  /** MAIN. */
  readonly counters: CounterValues
  /** Completed bans stay in the list for so long: with files, until what they took out is out on the disk, too. */
  readonly linger_ms: number
}

/** So many bans cost as much as another object. */
const BANS_PER_OBJECT = 16
/** Between two looks whether there is anything to do. */
const IDLE_MS = 1000
/** What is done leaves the list after this, or when it is a quarter of it. */
const COMPACT_MS = 60_000
/** Bans that ask for the request are walked for only to see whether they have become needless. */
const LOOK_MS = 60_000
/** So many invalidations after the last walk there is another, whatever there is to do: `isForgotten`. */
const SERIALS_MAX = 2 ** 28

/**
 * Works bans off in the background (the ban lurker): walks over all objects, takes out those that bans of obj.* describe, moves the others up, and
 * completes bans that no object has to be tested for any more. A step is a piece of that; it is called again after as many ms as it says.
 *
 * Why a completed ban is needless. Before a walk, the floor of the serials is moved up to the last ban that it is to complete: an
 * object whose fetch began before that and that comes into the index behind the walk's back is refused by whoever stores it (he looks at the
 * floor after he has filed it, the walk looks at the index after it has moved the floor). All others that are older were met by the walk.
 */
export class BanLurker {
  private readonly parts: LurkerParts
  /** Under way. */
  private plan: BanPlan | undefined
  /** The store that it is in. */
  private store = 0
  /** The oldest serial up to which an object was found to be checked. */
  private oldest = 0
  /** Objects looked at in this step; one with many bans counts for several. */
  private worked = 0
  /** Objects by the last ban they have been checked up to: as counted by the walk under way, and by the last one. */
  private counting = new Map<number, number>()
  private counted: ReadonlyMap<number, number> = new Map()
  private serialsOfAll: readonly number[] = []
  /** Of the last walk. */
  private walked_serial: number
  private walked_floor: number | undefined
  private walked_ms = -Infinity
  private completed_ms = 0
  private compacted_ms = 0

  constructor(parts: LurkerParts) {
    this.parts = parts
    this.walked_serial = parts.serials.newest
  }

  /** Of bans with these serials, in ascending order: how many objects have been checked up to each and no further, as last counted. */
  references(serials: readonly number[]): number[] {
    const counts = serials.map(() => 0)
    for (const [serial, count] of this.counted) {
      const i = firstNewer(serials, serial) - 1
      if (i >= 0) counts[i] += count
    }
    return counts
  }

  /** A piece of work. Returns ms until the next one is due. */
  step(): number {
    const { clock } = this.parts
    clock.refresh()
    if (this.plan === undefined) {
      this.compact()
      this.plan = this.next()
      if (this.plan === undefined) return IDLE_MS
      this.begin(this.plan)
    }
    return this.goOn(this.plan)
  }

  /** What there is to walk for, if anything. */
  private next(): BanPlan | undefined {
    const { bans, clock, serials, parameters } = this.parts
    const until = serials.newest
    const old_ms = clock.wall_ms - parameters.ban_lurker_age * 1000
    const plan = planWalk(bans.all(), until, old_ms, parameters.ban_lurker_sleep > 0, parameters.ban_cutoff)
    const due = clock.mono_ms - this.walked_ms >= LOOK_MS
    if (plan.tested.length > 0 || plan.cutoff !== undefined) return plan
    if (plan.floor !== undefined && (plan.floor !== this.walked_floor || due)) return plan
    return Math.abs((until - this.walked_serial) | 0) > SERIALS_MAX ? plan : undefined
  }

  private begin(plan: BanPlan): void {
    const { serials, walks, bans } = this.parts
    if (plan.floor !== undefined && isNewer(plan.floor, serials.floor)) serials.floor = plan.floor
    this.oldest = plan.until
    this.store = 0
    this.counting = new Map()
    this.serialsOfAll = bans.all().map(({ serial }) => serial)
    for (const walk of walks) walk.begin()
  }

  private goOn(plan: BanPlan): number {
    const { walks, parameters, counters } = this.parts
    const sleep_ms = parameters.ban_lurker_sleep * 1000 || IDLE_MS / 100
    this.worked = 0
    const outcome = this.store < walks.length ? walks[this.store].piece((object) => this.visit(plan, object)) : WALK.ended
    switch (outcome) {
      case WALK.meetsOthers:
        counters[MAIN.bans_lurker_contention]++
        return parameters.ban_lurker_holdoff * 1000
      case WALK.ended:
        this.store++
        if (this.store >= walks.length) this.end(plan)
        return sleep_ms
      default:
        return sleep_ms
    }
  }

  /** True when this step has done enough. */
  private visit(plan: BanPlan, object: Walked): boolean {
    const { checked } = object
    if (!isNewer(plan.until, checked) && !isForgotten(checked, plan.until)) this.met(checked)
    else if (this.isToGo(plan, object)) object.remove()
    else this.moveUp(plan, object)
    return this.worked >= this.parts.parameters.ban_lurker_batch
  }

  private isToGo(plan: BanPlan, object: Walked): boolean {
    const { counters } = this.parts
    const { checked } = object
    this.worked++
    const cut = isForgotten(checked, plan.until) || (plan.cutoff !== undefined && isNewer(plan.cutoff, checked))
    if (cut) counters[MAIN.bans_lurker_obj_killed_cutoff]++
    return cut || this.isDescribed(plan.tested, object)
  }

  private isDescribed(tested: readonly Ban[], object: Walked): boolean {
    const { counters } = this.parts
    if (tested.length === 0 || !isNewer(tested[0].serial, object.checked)) return false
    // Decoded once for all of them.
    const held = { head: object.head, lastHit_ms: object.lastHit_ms }
    let i = 0
    let banned = false
    for (; i < tested.length && !banned && isNewer(tested[i].serial, object.checked); i++) {
      banned = isBanned(tested[i].tests, tested[i].time_ms, held, undefined)
      counters[MAIN.bans_lurker_tests_tested] += tests_done
    }
    counters[MAIN.bans_lurker_tested] += i
    if (banned) counters[MAIN.bans_lurker_obj_killed]++
    this.worked += Math.floor(i / BANS_PER_OBJECT)
    return banned
  }

  private moveUp(plan: BanPlan, object: Walked): void {
    const to = movedUp(plan, object.checked)
    const reached = isNewer(to, object.checked) ? object.raise(to) : object.checked
    if (isNewer(this.oldest, reached)) this.oldest = reached
    this.met(reached)
  }

  private met(checked: number): void {
    const i = firstNewer(this.serialsOfAll, checked) - 1
    if (i >= 0) this.counting.set(this.serialsOfAll[i], (this.counting.get(this.serialsOfAll[i]) ?? 0) + 1)
  }

  /** Everything was met: what was tested is done, and so is what no object is behind any more. */
  private end(plan: BanPlan): void {
    const { bans, ledger, clock } = this.parts
    const { floor, tested } = plan
    const done = new Set(tested)
    for (const ban of bans.all()) {
      const isOld = floor !== undefined && !isNewer(ban.serial, floor)
      if (ban.done || !isOld || (!done.has(ban) && isNewer(ban.serial, this.oldest))) continue
      ledger.finish(ban.entry)
      ban.done = true
      this.completed_ms = clock.mono_ms
    }
    this.counted = this.counting
    this.walked_serial = plan.until
    this.walked_floor = floor
    this.walked_ms = clock.mono_ms
    this.plan = undefined
  }

  /** Each worker reads the list anew afterwards: not for a few bans each time. */
  private compact(): void {
    const { ledger, clock, linger_ms } = this.parts
    const { mono_ms } = clock
    if (ledger.done === 0 || mono_ms - this.completed_ms < linger_ms) return
    if (ledger.done_bytes * 4 < ledger.used_bytes && mono_ms - this.compacted_ms < COMPACT_MS) return
    if (ledger.compact()) this.compacted_ms = mono_ms
  }
}
