import type { CommonContext } from '../../vcl/runtime/context.ts'
import { isHealthy, type ShardHealthy, type ShardValues } from '../../vcl/runtime/directors.ts'
import type { RingMember, ShardRing } from './shard-ring.ts'

export interface PickOptions {
  readonly c: CommonContext
  readonly now_s: number
  /** The director's own, where the values say -1. */
  readonly warmup: number
  readonly rampup_s: number
  readonly random: () => number
}

/** sharddir_pick_be: the member for a key. Undefined: there is none. */
export function pick(ring: ShardRing, key: number, values: ShardValues, options: PickOptions): RingMember | undefined {
  const walk = new Walk(ring, key, options.c)
  const { healthy } = values
  const alt = Math.min(values.alt, ring.members.length - 1)
  if (alt > 0 && walk.next(alt - 1, healthy === 'ALL') === undefined) return walk.previous
  const chosen = walk.next(0, healthy !== 'IGNORE')
  if (chosen === undefined) return walk.previous
  return alt > 0 ? chosen : eased(walk, chosen, values.rampup, healthy, values.warmup === -1 ? options.warmup : values.warmup, options)
}

/** Rampup spares a member that has just become healthy; warmup shows the next one some of the traffic before it is needed. */
function eased(walk: Walk, chosen: RingMember, rampup: boolean, healthy: ShardHealthy, warmup: number, options: PickOptions): RingMember {
  if (healthy === 'IGNORE' || (!rampup && warmup === 0)) return chosen
  const other = walk.next(0, true)
  if (other === undefined) return chosen
  const { now_s, random } = options
  const since = (member: RingMember): number => now_s - (member.backend.health_changed_s ?? 0)
  const ramp = (member: RingMember): number => member.rampup_s ?? options.rampup_s
  if (since(chosen) < ramp(chosen)) {
    const stays = !rampup || since(other) < ramp(other) || random() * ramp(chosen) < since(chosen)
    return stays ? chosen : other
  }
  return warmup === 0 || random() > warmup ? chosen : other
}

class Walk {
  /** The healthy one that was last skipped, or the one that was taken before the last. */
  previous: RingMember | undefined
  private last: RingMember | undefined
  private readonly ring: ShardRing
  private readonly c: CommonContext
  private readonly order: Generator<number>

  constructor(ring: ShardRing, key: number, c: CommonContext) {
    this.c = c
    this.ring = ring
    this.order = ring.walk(key)
  }

  /** The next member after `skip` others; of the healthy ones only, or of all. */
  next(skip: number, healthy: boolean): RingMember | undefined {
    let left = skip
    for (let step = this.order.next(); step.done !== true; step = this.order.next()) {
      const member = this.ring.members[step.value]
      const sound = isHealthy(member.backend, this.c)
      if (healthy && !sound) continue
      if (left-- === 0) {
        this.previous = this.last ?? this.previous
        this.last = member
        return member
      }
      if (sound) this.previous = member
    }
    return undefined
  }
}
