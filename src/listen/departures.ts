import type { SendRing } from '../shm/send-ring.ts'

/** Whose answers are complete and wait in the scratch buffer. */
export interface Departing {
  depart(): void
}

/** What waits there. */
export interface Cargo {
  /**
   * Adds it to what leaves in one system call. False: it leaves by itself, when its owner departs; or it has been added already: who has sent what waited, and
   * has something more in the same turn, is there twice.
   */
  stage(ring: SendRing): boolean
  /** The kernel has taken so many bytes of it; less than 0: none. The rest leaves when its owner departs. */
  staged(taken_bytes: number): void
}

/** Many enough that clients are woken once for all that had arrived; few enough that nobody waits for more than these: half a millisecond of hits. */
export const TOGETHER_MAX = 64
/** In a turn with fewer answers the immediate costs and saves nothing. */
const WORTHWHILE = 2
/** After several such turns in a row so many leave by themselves before it is tried again; after one, one. */
const ALONE_MAX = 16

/**
 * Answers leave together, when all that had arrived has been looked at: at the end of this turn of the event loop. A client (or a network
 * card) is woken once for many of them instead of once for each, and code and kernel take turns less often (bench/RESULTS.md).
 */
export class Departures {
  private readonly waiting: (Departing | undefined)[] = Array.from({ length: TOGETHER_MAX }, () => undefined)
  private readonly cargo: (Cargo | undefined)[] = Array.from({ length: TOGETHER_MAX }, () => undefined)
  private readonly aboard: (Cargo | undefined)[] = Array.from({ length: TOGETHER_MAX }, () => undefined)
  private count = 0
  /** Those before it have left. */
  private next = 0
  private in_turn = 0
  private alone = 0
  /** So many after the next turn with few. */
  private patience = 1
  private scheduled = false
  private readonly left: () => void
  private readonly ring: SendRing | undefined

  /** `left`: they have. */
  constructor(left: () => void, ring?: SendRing) {
    this.left = left
    this.ring = ring
  }

  /** Is the next answer to wait? Each time that the answer is no brings the next trial nearer. */
  ask(): boolean {
    if (this.alone === 0) return true
    this.alone--
    return false
  }

  /** For one more. Who departs may bring others an answer, for which the buffer is emptied: what is not in the list by then must not lie there. */
  makeRoom(): void {
    if (this.count === TOGETHER_MAX) this.depart()
  }

  /** There is room for it. It departs when the caller is through with it: not before this returns. */
  add(who: Departing, cargo: Cargo): void {
    this.cargo[this.count] = cargo
    this.waiting[this.count++] = who
    this.in_turn++
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.turnEnds)
  }

  leave(): void {
    this.depart()
    this.left()
  }

  /** All that wait, and who comes meanwhile. */
  private depart(): void {
    const { waiting, cargo, ring } = this
    if (ring !== undefined && this.count - this.next > 1 && ring.broken === undefined) this.send(ring)
    while (this.next < this.count) {
      const who = waiting[this.next]
      cargo[this.next] = undefined
      waiting[this.next++] = undefined
      who?.depart()
    }
    this.count = this.next = 0
  }

  private send(ring: SendRing): void {
    const { cargo, aboard, count } = this
    let added = 0
    for (let i = this.next; i < count; i++) {
      const one = cargo[i]!
      if (one.stage(ring)) aboard[added++] = one
    }
    if (added === 0) return
    ring.send()
    for (let i = 0; i < added; i++) {
      aboard[i]!.staged(ring.taken(i))
      aboard[i] = undefined
    }
  }

  private readonly turnEnds = (): void => {
    this.scheduled = false
    this.judge()
    this.in_turn = 0
    this.leave()
  }
  /** Workers that share a client's connections have turns with one and with many by turns: they are not to forgo these for the one. */
  private judge(): void {
    if (this.in_turn >= WORTHWHILE) this.patience = 1
    else {
      this.alone = this.patience
      this.patience = Math.min(ALONE_MAX, this.patience * 2)
    }
  }
}
