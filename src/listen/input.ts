const NOTHING: Buffer = Buffer.alloc(0)
const FIRST_BYTES = 1024

/** Who uses the bytes: reads buffer[at, end), moves `at`. */
export interface InputUser {
  /** Uses some of the bytes at hand; false if they must wait. */
  step(): boolean
}

/**
 * Bytes in of one connection. They are used where they were read; only those that must wait (part of a head, what was pipelined
 * behind a request under way) are copied, into a buffer that an idle connection does not have.
 */
export class Input {
  /** The bytes at hand, valid during `step`. */
  buffer = NOTHING
  at = 0
  end = 0
  /** Within `step`. */
  running = false
  private kept: Kept | undefined = undefined
  private readonly user: InputUser

  constructor(user: InputUser) {
    this.user = user
  }

  /** New bytes, valid during the call. What is not used is kept. */
  offer(buffer: Buffer, start: number, end: number): void {
    const kept = this.kept
    if (kept !== undefined) {
      kept.append(buffer, start, end)
      return this.again()
    }
    this.run(buffer, start, end)
    if (this.at < end) this.kept = new Kept(buffer, this.at, end)
    this.at = this.end
  }

  /** Once more with what was kept. */
  again(): void {
    const kept = this.kept
    if (kept === undefined) return
    this.run(kept.bytes, kept.start, kept.end)
    kept.start = this.at
    if (kept.start === kept.end) this.kept = undefined
    this.at = this.end
  }

  get kept_bytes(): number {
    return this.kept === undefined ? 0 : this.kept.end - this.kept.start
  }

  /** Nothing at hand and nothing kept; within `step` what is kept is what is at hand. */
  get empty(): boolean {
    return this.at >= this.end && (this.running || this.kept === undefined)
  }

  /** All that was not used; this input is empty then. */
  take(): Buffer {
    const kept = this.kept
    let rest = NOTHING
    // While running over kept bytes, those at hand are the same.
    if (this.running) rest = Buffer.from(this.buffer.subarray(this.at, this.end))
    else if (kept !== undefined) rest = kept.bytes.subarray(kept.start, kept.end)
    this.clear()
    return rest
  }

  clear(): void {
    this.kept = undefined
    this.at = this.end
  }

  private run(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer
    this.at = start
    this.end = end
    this.running = true
    while (this.at < this.end && this.user.step()) continue
    this.running = false
    this.buffer = NOTHING
  }
}

class Kept {
  bytes: Buffer
  start = 0
  end = 0

  constructor(buffer: Buffer, start: number, end: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, end - start))
    this.append(buffer, start, end)
  }

  append(buffer: Buffer, start: number, end: number): void {
    if (this.end + end - start > this.bytes.length) this.makeRoom(end - start)
    buffer.copy(this.bytes, this.end, start, end)
    this.end += end - start
  }

  private makeRoom(added: number): void {
    const length = this.end - this.start
    const needed = length + added
    const target = needed > this.bytes.length ? Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2)) : this.bytes
    this.bytes.copy(target, 0, this.start, this.end)
    this.bytes = target
    this.start = 0
    this.end = length
  }
}
