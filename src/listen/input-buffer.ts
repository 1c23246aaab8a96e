const FIRST_BYTES = 1024

/** Received bytes that could not be used at once: part of a head, or what was pipelined behind a request under way. */
export class InputBuffer {
  bytes: Buffer
  start = 0
  end = 0
  /** What the parser has already looked at without finding a whole head: see RequestParser.parse. */
  scanned = 0

  constructor(buffer: Buffer, start: number, end: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, end - start))
    this.append(buffer, start, end)
  }

  get length(): number {
    return this.end - this.start
  }

  append(buffer: Buffer, start: number, end: number): void {
    const added = end - start
    if (this.end + added > this.bytes.length) this.makeRoom(added)
    buffer.copy(this.bytes, this.end, start, end)
    this.end += added
  }

  private makeRoom(added: number): void {
    const length = this.length
    const needed = length + added
    const target = needed > this.bytes.length ? Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2)) : this.bytes
    this.bytes.copy(target, 0, this.start, this.end)
    this.bytes = target
    this.start = 0
    this.end = length
  }
}
