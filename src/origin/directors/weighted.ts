import type { CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import { isHealthy } from '../../vcl/runtime/directors.ts'
import { Director } from './director.ts'
import { hash32 } from './hash32.ts'
import { type DirectorDetails, memberObjects, memberRows, shareOf, totalOf, weightOf } from './listing.ts'

/** Weights: a member's share of what the healthy ones get. */
abstract class Weighted extends Director {
  protected override rows(): string[][] {
    const total = totalOf(this.members)
    return memberRows(this.members, 'Weight', (member) => shareOf(member, total))
  }

  protected override details(): DirectorDetails {
    return {
      total_weight: totalOf(this.members),
      backends: memberObjects(this.members, (member) => ({ weight: weightOf(member) })),
    }
  }

  /** `point` is from 0 up to, not including, 1. */
  protected at(c: CommonContext, point: number): VclBackend | undefined {
    let total = 0
    for (const { backend, weight } of this.members) if (isHealthy(backend, c)) total += weight
    if (!(total > 0)) return undefined
    let reached = 0
    let last: VclBackend | undefined
    for (const { backend, weight } of this.members) {
      if (!(weight > 0) || !isHealthy(backend, c)) continue
      reached += weight
      last = backend
      if (point * total < reached) return backend
    }
    return last
  }
}

export class Random extends Weighted {
  readonly type = 'random'
  private readonly random: () => number

  constructor(name: string, random: () => number) {
    super(name)
    this.random = random
  }

  protected pick(c: CommonContext): VclBackend | undefined {
    return this.at(c, this.random())
  }
}

/** By a text, which decides at once: the same healthy members, the same choice, in every worker. */
export class Hash extends Weighted {
  readonly type = 'hash'

  /** The director itself is no backend: only .backend(text) yields one. */
  protected pick(): undefined {
    return undefined
  }

  chooseBy(c: CommonContext, text: string): VclBackend | undefined {
    return this.at(c, hash32(text) / 2 ** 32)
  }
}
