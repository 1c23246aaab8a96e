/** Which queue an object is in, and its neighbours there: shared by the queues of one simulator, so that an object is in at most one. */
export class Links {
  readonly before: Int32Array
  readonly after: Int32Array
  /** The queue's mark, 0 for none. */
  readonly in: Uint8Array

  constructor(objects: number) {
    this.before = new Int32Array(objects)
    this.after = new Int32Array(objects)
    this.in = new Uint8Array(objects)
  }
}

/** A list of objects from the oldest to the newest that knows its bytes. */
export class Queue {
  bytes = 0
  oldest = -1
  newest = -1
  readonly mark: number
  private readonly links: Links
  private readonly sizes: Float64Array

  constructor(mark: number, links: Links, sizes: Float64Array) {
    this.mark = mark
    this.links = links
    this.sizes = sizes
  }

  has(key: number): boolean {
    return this.links.in[key] === this.mark
  }

  push(key: number): void {
    const { before, after } = this.links
    this.links.in[key] = this.mark
    before[key] = this.newest
    after[key] = -1
    if (this.newest === -1) this.oldest = key
    else after[this.newest] = key
    this.newest = key
    this.bytes += this.sizes[key]
  }

  remove(key: number): void {
    const { before, after } = this.links
    this.links.in[key] = 0
    if (before[key] === -1) this.oldest = after[key]
    else after[before[key]] = after[key]
    if (after[key] === -1) this.newest = before[key]
    else before[after[key]] = before[key]
    this.bytes -= this.sizes[key]
  }

  shift(): number {
    const key = this.oldest
    this.remove(key)
    return key
  }
}
