/** A reader as the list of its body's readers knows it. */
export interface ListedReader<R> {
  /** Neighbours in the list. */
  before: R | undefined
  after: R | undefined
  /** Everything there was has been read: the next append concerns this reader. */
  idle: boolean
  /** Inside `next`: it will see what comes in meanwhile and must not be called back. */
  readonly busy: boolean
  /** Bytes came in after everything had been read. */
  readonly stirred: boolean
  onMore: (() => void) | undefined
}

/**
 * The readers of one body as a linked list through themselves: waking a thousand allocates nothing, and a callback
 * may release any reader (the cursor steps aside) or add one (it goes in front and is not met by the walk under way).
 */
export class ReaderList<R extends ListedReader<R>> {
  first: R | undefined = undefined
  count = 0
  private cursor: R | undefined = undefined
  private waking = false
  private again = false
  private everyone = false

  add(reader: R): void {
    reader.after = this.first
    if (this.first !== undefined) this.first.before = reader
    this.first = reader
    this.count++
  }

  remove(reader: R): void {
    if (this.cursor === reader) this.cursor = reader.after
    if (reader.before === undefined) this.first = reader.after
    else reader.before.after = reader.after
    if (reader.after !== undefined) reader.after.before = reader.before
    reader.before = undefined
    reader.after = undefined
    this.count--
  }

  /**
   * Calls the readers that had read everything, or all of them at the end of the body. A callback that makes the writer
   * go on (and so wakes again) prolongs the walk instead of nesting one.
   */
  wake(everyone: boolean): void {
    if (everyone) this.everyone = true
    this.again = true
    if (this.waking) return
    this.waking = true
    try {
      while (this.again) this.walk()
    } finally {
      this.waking = false
      this.cursor = undefined
    }
  }

  private walk(): void {
    const everyone = this.everyone
    this.again = false
    this.everyone = false
    let thrown: unknown
    let threw = false
    for (let reader = this.first; reader !== undefined; reader = this.cursor) {
      this.cursor = reader.after
      if (reader.busy || !(everyone || reader.stirred)) continue
      reader.idle = false
      try {
        reader.onMore?.()
      } catch (error) {
        // One reader's mistake must not leave the others asleep.
        if (!threw) thrown = error
        threw = true
      }
    }
    if (threw) throw thrown
  }
}
