import { GzipWalker } from './walker.ts'

/** So much is walked through at once. */
const SLICE_BYTES = 32 * 1024
/** LEN and NLEN of a stored block of nothing. */
const NOTHING = [0x00, 0x00, 0xff, 0xff]

/**
 * The blocks of a gzip member as they can stand among others: without header and trailer, the last no longer marked as the last, and to the
 * end of a byte. Where it does not end with one, a stored block of nothing is added, which does.
 */
export class Strip {
  readonly walker: GzipWalker
  /** Walked through before: only to be cut. */
  private readonly known: boolean
  private chunk: Buffer | undefined = undefined
  private at = 0
  /** Bytes before `at`. */
  private before_bytes = 0
  private ended = false
  /** In order; views of what was given, and of what had to be changed. */
  private readonly out: Buffer[] = []

  constructor(known?: GzipWalker) {
    this.walker = known ?? new GzipWalker()
    this.known = known !== undefined
  }

  /** When `next` has nothing more. What it gives is a view of this. */
  feed(chunk: Buffer): void {
    this.chunk = chunk
    this.at = 0
  }

  /** Undefined: feed it, or it is over, or broken. */
  next(): Buffer | undefined {
    for (;;) {
      const ready = this.out.shift()
      if (ready !== undefined) return ready
      const { chunk } = this
      if (chunk === undefined || this.at === chunk.length || this.walker.broken) return undefined
      this.cut(chunk)
    }
  }

  private cut(chunk: Buffer): void {
    const { walker } = this
    const slice = chunk.subarray(this.at, this.known ? chunk.length : this.at + SLICE_BYTES)
    if (!this.known) walker.walk(slice)
    if (!walker.broken) this.emit(slice)
    this.at += slice.length
    this.before_bytes += slice.length
  }

  private emit(slice: Buffer): void {
    const { before_bytes } = this
    const { first_byte, last_bit, stop_bit } = this.walker
    if (first_byte < 0 || this.ended) return
    const within = (bytes: number): number => Math.min(Math.max(bytes - before_bytes, 0), slice.length)
    let from = within(first_byte)
    const stop = stop_bit < 0 ? slice.length : within(Math.floor(stop_bit / 8))
    const mark = last_bit < 0 ? -1 : Math.floor(last_bit / 8) - before_bytes
    if (mark >= from && mark < stop) {
      this.push(slice.subarray(from, mark))
      this.push(Buffer.of(unmarked(slice[mark], last_bit)))
      from = mark + 1
    }
    this.push(slice.subarray(from, stop))
    if (stop_bit < 0 || Math.floor(stop_bit / 8) >= before_bytes + slice.length) return
    this.ended = true
    const used = stop_bit % 8
    if (used > 0) this.push(padded(mark === stop ? unmarked(slice[stop], last_bit) : slice[stop], used))
  }

  private push(bytes: Buffer): void {
    if (bytes.length > 0) this.out.push(bytes)
  }
}

function unmarked(byte: number, last_bit: number): number {
  return byte & ~(1 << (last_bit % 8))
}

/** The last bits, and the three zeros that begin a stored block. */
function padded(byte: number, used: number): Buffer {
  const bits = byte & ((1 << used) - 1)
  return Buffer.from(used <= 5 ? [bits, ...NOTHING] : [bits, 0, ...NOTHING])
}
