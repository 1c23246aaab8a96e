import type { VclBackend } from '../../vcl/runtime/context.ts'
import { VclFailure } from '../../vcl/runtime/failure.ts'
import { hash32 } from './hash32.ts'

export interface RingMember {
  readonly backend: VclBackend
  readonly ident: string | undefined
  /** Undefined: the director's. */
  readonly rampup_s: number | undefined
  readonly replicas: number
}

/** What stands on the ring for it. */
export function identOf({ backend, ident }: RingMember): string {
  return ident ?? backend.name
}

/** About a quarter of a second of hashing, and 2.4 MB. */
const POINTS_MAX = 300_000

/** Consistent hashing: each member at many points of a circle of 2^32; a key belongs to the next point. */
export class ShardRing {
  readonly members: readonly RingMember[]
  private readonly points: Uint32Array
  private readonly hosts: Uint16Array

  constructor(members: readonly RingMember[]) {
    this.members = members
    const count = members.reduce((sum, { replicas }) => sum + replicas, 0)
    if (count > POINTS_MAX) throw new VclFailure(`shard: ${count} replicas in all, ${POINTS_MAX} are possible`)
    const circle = members.flatMap((member, host) =>
      Array.from({ length: member.replicas }, (_, i) => ({ point: hash32(`${identOf(member)}${i}`), host })),
    )
    circle.sort((a, b) => a.point - b.point)
    this.points = Uint32Array.from(circle, ({ point }) => point)
    this.hosts = Uint16Array.from(circle, ({ host }) => host)
  }

  /** Walks the circle from the key on: each member once, in the order in which they come. */
  *walk(key: number): Generator<number> {
    const { points, hosts, members } = this
    const seen = new Set<number>()
    for (let i = this.find(key); seen.size < members.length; i = (i + 1) % points.length) {
      if (seen.has(hosts[i])) continue
      seen.add(hosts[i])
      yield hosts[i]
    }
  }

  /** The first point that is not below the key. Beyond the last one it is the last, as upstream, not the first. */
  private find(key: number): number {
    const { points } = this
    let low = 0
    let high = points.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (points[middle] < key) low = middle + 1
      else high = middle
    }
    return Math.min(low, points.length - 1)
  }
}
