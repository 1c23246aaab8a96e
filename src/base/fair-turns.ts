/** Who has more to do than fits into a turn of the event loop. */
export interface InTurn {
  /** Does its next share; to be asked again it comes again. */
  goOn(): void
}

/** Shares done in a turn of the event loop. */
const SHARES = 4

/**
 * Those who would keep the event loop for long do a share at a time and wait here for the next, in the order in which they came, behind all that has
 * become ready meanwhile. However many they are, a turn holds a few shares and no more.
 */
export class FairTurns {
  private waiting: InTurn[] = []
  /** Those before it have had their turn. */
  private next = 0
  private scheduled = false

  add(one: InTurn): void {
    this.waiting.push(one)
    this.schedule()
  }

  /** So many wait. */
  get length(): number {
    return this.waiting.length - this.next
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.turn)
  }

  private readonly turn = (): void => {
    this.scheduled = false
    for (let left = SHARES; left > 0 && this.next < this.waiting.length; left--) this.waiting[this.next++].goOn()
    if (this.next < this.waiting.length) this.schedule()
    this.forget()
  }

  /** Those who have had their turn, when they are the greater part. */
  private forget(): void {
    if (this.next * 2 < this.waiting.length) return
    this.waiting = this.waiting.slice(this.next)
    this.next = 0
  }
}
