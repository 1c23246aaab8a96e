/** Segments kept free: a sixteenth of the store's at first, within these bounds. */
const LEAST = 4
const MOST = 16
const MOST_SHARE = 1 / 16
/** So many times in a row a free segment must have been there before one fewer is kept free. */
const PATIENCE = 64
/** So many more than were too few are kept from then on, and one fewer of them each time that none ran short for so long. */
const MARGIN = 2
const MEMORY = 16 * PATIENCE

/**
 * How many segments a worker keeps free. They are for copies of what is worth keeping, which are made before their segment is free, and for new
 * objects while other workers may still look at what was given up. No objects lie in them: so they are to be as few as will do, which nobody
 * knows beforehand, for it depends on how long the others' runs take. It begins with the most and goes down one by one. Whoever finds too few goes
 * back to the most, and does not come down so far again: where others are always late, it stays there.
 */
export class Reserve {
  segments: number
  private readonly most: number
  private least = LEAST
  private found = 0

  constructor(segments: number) {
    this.most = Math.max(LEAST, Math.min(MOST, Math.floor(segments * MOST_SHARE)))
    this.segments = this.most
  }

  /** A free segment was wanted: was there one? */
  learn(there: boolean): void {
    if (!there) return this.ranShort()
    this.found++
    if (this.found % MEMORY === 0) this.least = Math.max(LEAST, this.least - 1)
    if (this.found % PATIENCE === 0) this.segments = Math.max(this.least, this.segments - 1)
  }

  private ranShort(): void {
    this.least = Math.min(this.most, Math.max(this.least, this.segments + MARGIN))
    this.segments = this.most
    this.found = 0
  }
}
