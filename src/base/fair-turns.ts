import { InOrder } from './in-order.ts'

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
  private readonly waiting = new InOrder<InTurn>()
  private scheduled = false

  add(one: InTurn): void {
    this.waiting.add(one)
    this.schedule()
  }

  /** So many wait. */
  get length(): number {
    return this.waiting.length
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.turn)
  }

  private readonly turn = (): void => {
    this.scheduled = false
    for (let left = SHARES; left > 0; left--) this.waiting.take()?.goOn()
    if (this.waiting.length > 0) this.schedule()
  }
}
