/** Segments that are read at a time: the threads of the pool have other work, for who waits for it. */
const SEGMENTS_MAX = 2
/** Segments that wait for their turn. Who finds no place asks again. */
const QUEUE_MAX = 16
/** Smaller ranges that are read at a time. */
const RANGES_MAX = 8
/** So long is what was read taken for being in memory, whatever the kernel says: memory may be too short to keep it. */
const GOOD_MS = 5000

/**
 * What a worker has read of a file in order to make room. Nobody waits for it: a worker's own thread that stood still until a slow disk
 * has read a segment would stop all its clients.
 */
export class Readings {
  /** Something was read, or cannot be. In a run of its own. */
  onEnd: () => void = () => {}
  private readonly read: (segment: number) => Promise<void>
  private readonly underway = new Set<number>()
  private readonly queue: number[] = []
  /** When each was read, or could not be. */
  private readonly done = new Map<number, number>()
  private ranges = 0
  private told = false

  constructor(read: (segment: number) => Promise<void>) {
    this.read = read
  }

  /** Has the reading of the segment ended, a short while ago? */
  ended(segment: number): boolean {
    const at_ms = this.done.get(segment)
    if (at_ms === undefined) return false
    if (performance.now() - at_ms < GOOD_MS) return true
    this.done.delete(segment)
    return false
  }

  begin(segment: number, urgent: boolean): void {
    const { queue } = this
    if (this.underway.has(segment)) return
    const waits = queue.indexOf(segment)
    if (waits >= 0 && !urgent) return
    if (waits >= 0) queue.splice(waits, 1)
    else if (queue.length >= QUEUE_MAX && !urgent) return
    if (urgent) queue.unshift(segment)
    else queue.push(segment)
    if (queue.length > QUEUE_MAX) queue.pop()
    this.next()
  }

  beginRange(read: () => Promise<void>): void {
    if (this.ranges >= RANGES_MAX) return
    this.ranges++
    void read().then(() => {
      this.ranges--
      this.tell()
    })
  }

  private next(): void {
    while (this.underway.size < SEGMENTS_MAX) {
      const segment = this.queue.shift()
      if (segment === undefined) return
      this.underway.add(segment)
      void this.read(segment).then(() => this.end(segment))
    }
  }

  private end(segment: number): void {
    this.underway.delete(segment)
    this.done.set(segment, performance.now())
    this.next()
    this.tell()
  }

  /** Not in the middle of somebody's run. */
  private tell(): void {
    if (this.told) return
    this.told = true
    setImmediate(() => {
      this.told = false
      this.onEnd()
    })
  }
}
