/** Whose answers are complete and wait in the scratch buffer. */
export interface Departing {
  depart(): void
}

/** Many enough that a client is awake when its next answer comes; few enough that nobody waits for more than these. */
const TOGETHER_MAX = 16
/** In a turn with fewer answers the immediate costs more than it saves. */
const WORTHWHILE = 4
/** So many then leave by themselves before it is tried again. */
const ALONE = 64

/**
 * Answers leave together, when all that had arrived has been looked at: at the end of this turn of the event loop. A client (or a network
 * card) is woken once for many of them instead of once for each, and code and kernel take turns less often (bench/RESULTS.md).
 */
export class Departures {
  private readonly waiting: (Departing | undefined)[] = Array.from({ length: TOGETHER_MAX }, () => undefined)
  private count = 0
  /** Those before it have left. */
  private next = 0
  private in_turn = 0
  private alone = 0
  private scheduled = false
  private readonly left: () => void

  /** `left`: they have. */
  constructor(left: () => void) {
    this.left = left
  }

  /** Is the next answer to wait? Each time that the answer is no brings the next trial nearer. */
  ask(): boolean {
    if (this.alone === 0) return true
    this.alone--
    return false
  }

  /** It departs when the caller is through with it: not before this returns. */
  add(who: Departing): void {
    if (this.count === TOGETHER_MAX) this.depart()
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
    const { waiting } = this
    while (this.next < this.count) {
      const who = waiting[this.next]
      waiting[this.next++] = undefined
      who?.depart()
    }
    this.count = this.next = 0
  }

  private readonly turnEnds = (): void => {
    this.scheduled = false
    if (this.in_turn < WORTHWHILE) this.alone = ALONE
    this.in_turn = 0
    this.leave()
  }
}
