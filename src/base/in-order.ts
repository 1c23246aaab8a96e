/** Places of those who were taken, before they are given back. */
const SWEPT = 1024

/** Who has come first is taken first. */
export class InOrder<T> {
  private readonly items: T[] = []
  /** Those before it have been taken. */
  private at = 0

  get length(): number {
    return this.items.length - this.at
  }

  add(item: T): void {
    this.items.push(item)
  }

  /** Undefined when nobody is left. */
  take(): T | undefined {
    if (this.at === this.items.length) return undefined
    const item = this.items[this.at++]
    if (this.at === this.items.length || this.at === SWEPT) this.sweep()
    return item
  }

  private sweep(): void {
    this.items.splice(0, this.at)
    this.at = 0
  }
}
