import type { VclBackend } from '../../vcl/runtime/context.ts'
import { Director } from './director.ts'
import { hash32 } from './hash32.ts'

/** Weights: a member's share of what the healthy ones get. */
abstract class Weighted extends Director {
  /** `point` is from 0 up to, not including, 1. */
  protected at(point: number): VclBackend | undefined {
    let total = 0
    for (const { backend, weight } of this.members) if (backend.healthy) total += weight
    if (!(total > 0)) return undefined
    let reached = 0
    let last: VclBackend | undefined
    for (const { backend, weight } of this.members) {
      if (!backend.healthy || !(weight > 0)) continue
      reached += weight
      last = backend
      if (point * total < reached) return backend
    }
    return last
  }
}

export class Random extends Weighted {
  private readonly random: () => number

  constructor(name: string, random: () => number) {
    super(name)
    this.random = random
  }

  protected pick(): VclBackend | undefined {
    return this.at(this.random())
  }
}

/** By a text, which decides at once: the same healthy members, the same choice, in every worker. */
export class Hash extends Weighted {
  /** The director itself is no backend: only .backend(text) yields one. */
  protected pick(): undefined {
    return undefined
  }

  chooseBy(text: string): VclBackend | undefined {
    return this.at(hash32(text) / 2 ** 32)
  }
}
