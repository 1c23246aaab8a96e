import type { BackendContext, CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import type { SaintBackend } from '../../vcl/runtime/directors.ts'

/** Without a threshold the list would have no end. */
const LISTED_MAX = 10_000

/** A backend that answers badly for some objects: sick for these, and altogether once there are too many of them. */
export class Saint implements SaintBackend {
  readonly name: string
  readonly behind: VclBackend
  readonly threshold: number
  /** Until when (epoch seconds), by object; the oldest first. */
  private readonly listed = new Map<string, number>()

  constructor(name: string, behind: VclBackend, threshold: number) {
    this.name = name
    this.behind = behind
    this.threshold = threshold
  }

  get healthy(): boolean {
    return this.behind.healthy
  }

  /** Objects are known in a fetch only; elsewhere what counts is the backend behind. */
  healthyFor(c: CommonContext): boolean {
    if (!this.behind.healthy || c.side !== 'backend' || this.listed.size === 0) return this.behind.healthy
    if (this.threshold > 0 && this.count(c.now()) >= this.threshold) return false
    return !((this.listed.get(objectOf(c as BackendContext)) ?? 0) > c.now())
  }

  choose(c: CommonContext): VclBackend | undefined {
    if (!this.healthyFor(c)) return undefined
    return this.behind.choose === undefined ? this.behind : this.behind.choose(c)
  }

  blacklist(object: string, until_s: number, now_s: number): void {
    this.listed.delete(object)
    if (this.listed.size >= LISTED_MAX) this.forget(now_s)
    this.listed.set(object, until_s)
  }

  count(now_s: number): number {
    for (const [object, until_s] of this.listed) if (until_s <= now_s) this.listed.delete(object)
    return this.listed.size
  }

  private forget(now_s: number): void {
    if (this.count(now_s) < LISTED_MAX) return
    for (const object of this.listed.keys()) return void this.listed.delete(object)
  }
}

export function objectOf(c: BackendContext): string {
  return Buffer.from(c.bereq_hash).toString('latin1')
}
