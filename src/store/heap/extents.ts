/** Sizes of the pieces a body is kept in, derived from one number so that tests can shrink all of them. */
export class ExtentSizes {
  /** Largest piece of a kept body. */
  readonly extent_bytes: number
  /** A body of known size up to this is one piece of exactly that size. */
  readonly exact_bytes: number
  /** Largest piece of a windowed body: the window is freed in steps of this. */
  readonly window_extent_bytes: number
  /** Pieces of a body of unknown size grow in these steps, so that a small one wastes little before it is compacted. */
  readonly growth: readonly number[]

  constructor(extent_bytes: number) {
    this.extent_bytes = extent_bytes
    this.exact_bytes = extent_bytes * 4
    this.window_extent_bytes = Math.max(1, extent_bytes >> 2)
    this.growth = [extent_bytes >> 6, extent_bytes >> 4, extent_bytes >> 2, extent_bytes].filter((size) => size > 0)
  }

  /** Smallest step not below the one due now that takes `wanted_bytes` at once, bounded by `ceiling_bytes`. */
  grow(pieces: number, wanted_bytes: number, ceiling_bytes: number): number {
    const growth = this.growth
    let step = Math.min(pieces, growth.length - 1)
    while (step < growth.length - 1 && growth[step] < wanted_bytes) step++
    return Math.min(growth[step], ceiling_bytes)
  }
}

/** The bytes of a body in order, in pieces; the oldest pieces may have been dropped. Knows nothing of readers or budgets. */
export class Extents {
  /** `pieces[0]` is extent number `dropped`. All but the last are full. */
  readonly pieces: Buffer[] = []
  dropped = 0
  /** Offset of the first byte that is still there. */
  start_bytes = 0
  /** Offset behind the last byte put. */
  end_bytes = 0
  /** Memory held by the pieces. */
  allocated_bytes = 0
  /** Room left in the last piece. */
  free_bytes = 0
  /** A piece that was dropped, which all readers are done with: what passes through a window comes to lie in the same memory again and again. */
  private spare: Buffer | undefined = undefined

  add(capacity_bytes: number): void {
    const { spare } = this
    this.spare = undefined
    // Not from Node's pool: a kept slice of 100 bytes would keep 64 KiB alive.
    this.pieces.push(spare?.length === capacity_bytes ? spare : Buffer.allocUnsafeSlow(capacity_bytes))
    this.allocated_bytes += capacity_bytes
    this.free_bytes = capacity_bytes
  }

  /** Copies from `chunk` into the last piece; returns how many bytes went in. */
  put(chunk: Buffer, from: number): number {
    const last = this.pieces[this.pieces.length - 1]
    const count = Math.min(this.free_bytes, chunk.length - from)
    chunk.copy(last, last.length - this.free_bytes, from, from + count)
    this.free_bytes -= count
    this.end_bytes += count
    return count
  }

  /** Bytes of extent number `extent`. */
  filled(extent: number): number {
    const i = extent - this.dropped
    const capacity = this.pieces[i].length
    return i === this.pieces.length - 1 ? capacity - this.free_bytes : capacity
  }

  /** View of extent number `extent` from `offset` on; the piece itself when that is all of it. */
  view(extent: number, offset: number): Buffer {
    const piece = this.pieces[extent - this.dropped]
    const end = this.filled(extent)
    return offset === 0 && end === piece.length ? piece : piece.subarray(offset, end)
  }

  /** Drops the pieces that end at or before `floor_bytes`; a last piece with room in it stays. `goesOn`: more comes in. */
  dropBefore(floor_bytes: number, goesOn = false): void {
    let count = 0
    let start = this.start_bytes
    for (; count < this.pieces.length; count++) {
      const piece = this.pieces[count]
      if (start + piece.length > floor_bytes) break
      start += piece.length
      this.allocated_bytes -= piece.length
      if (goesOn) this.spare = piece
    }
    if (count === 0) return
    this.pieces.splice(0, count)
    this.dropped += count
    this.start_bytes = start
    if (this.pieces.length === 0) this.free_bytes = 0
  }

  /** Gives back the unused end; bodies up to `contiguous_bytes` become one piece. True if pieces were joined. */
  compact(contiguous_bytes: number): boolean {
    if (this.pieces.length > 1 && this.end_bytes <= contiguous_bytes) {
      this.become(this.joined())
      return true
    }
    if (this.free_bytes === 0) return false
    const last = this.pieces.pop()
    if (last === undefined) return false
    const used = last.length - this.free_bytes
    this.allocated_bytes -= last.length
    if (used > 0) this.keepCopy(last, used)
    this.free_bytes = 0
    return false
  }

  private joined(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.end_bytes)
    let at = 0
    for (const piece of this.pieces) at += piece.copy(whole, at, 0, Math.min(piece.length, this.end_bytes - at))
    return whole
  }

  private become(whole: Buffer): void {
    this.pieces.length = 0
    this.pieces.push(whole)
    this.allocated_bytes = whole.length
    this.free_bytes = 0
  }

  private keepCopy(last: Buffer, used: number): void {
    const exact = Buffer.allocUnsafeSlow(used)
    last.copy(exact, 0, 0, used)
    this.pieces.push(exact)
    this.allocated_bytes += used
  }
}
