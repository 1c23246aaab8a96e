import type { BackendContext, CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import type { SaintBackend } from '../../vcl/runtime/directors.ts'
import { textOf, type Listing, type SaintBoard } from './saint-board.ts'

/** Without a threshold the list would have no end. */
const LISTED_MAX = 10_000

/** A backend that answers badly for some objects: sick for these, and altogether once there are too many of them. */
export class Saint implements SaintBackend, Listing {
  readonly name: string
  readonly behind: VclBackend
  readonly threshold: number
  /** Until when (epoch seconds), by object; the oldest first. */
  private readonly listed = new Map<string, number>()
  private readonly board: SaintBoard
  private readonly id: bigint

  constructor(name: string, behind: VclBackend, threshold: number, board: SaintBoard) {
    this.name = name
    this.behind = behind
    this.threshold = threshold
    this.board = board
    this.id = board.join(name, this)
  }

  get healthy(): boolean {
    return this.behind.healthy
  }

  get health_changed_s(): number | undefined {
    return this.behind.health_changed_s
  }

  /** Objects are known in a fetch only; elsewhere what counts is the backend behind. */
  healthyFor(c: CommonContext): boolean {
    if (!this.behind.healthy || c.side !== 'backend') return this.behind.healthy
    this.board.sync()
    if (this.listed.size === 0) return true
    if (this.threshold > 0 && this.count(c.now()) >= this.threshold) return false
    return !((this.listed.get(textOf((c as BackendContext).bereq_hash)) ?? 0) > c.now())
  }

  choose(c: CommonContext): VclBackend | undefined {
    if (!this.healthyFor(c)) return undefined
    return this.behind.choose === undefined ? this.behind : this.behind.choose(c)
  }

  blacklist(hash: Uint8Array, until_s: number, now_s: number): void {
    this.board.sync()
    const object = textOf(hash)
    if (this.listed.size >= LISTED_MAX) this.count(now_s)
    this.note(object, until_s)
    this.board.tell(this.id, object, until_s)
  }

  /** From here or from another worker. */
  note(object: string, until_s: number): void {
    this.listed.delete(object)
    const [oldest] = this.listed.size < LISTED_MAX ? [] : this.listed.keys()
    if (oldest !== undefined) this.listed.delete(oldest)
    this.listed.set(object, until_s)
  }

  count(now_s: number): number {
    this.board.sync()
    for (const [object, until_s] of this.listed) if (until_s <= now_s) this.listed.delete(object)
    return this.listed.size
  }
}
