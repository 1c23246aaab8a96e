import type { BodyReader } from '../../store/contract.ts'
import type { FilterCount } from './filter-count.ts'
import { type Conversion, type ConversionOwner, gunzipConversion } from './conversion.ts'
import type { ZlibParams } from './zlib.ts'

/** Unpacked bytes that wait for the client. */
const QUEUED_BYTES = 128 * 1024

/**
 * What a reader of a gzip body reads, unpacked on the thread pool. It takes no more than there is room for on its way to the client:
 * ten megabytes that would be ten gigabytes pass through as fast as the client takes them, and through no more memory than any.
 */
export class GunzipReader implements BodyReader, ConversionOwner {
  private readonly source: BodyReader
  private readonly conversion: Conversion
  private readonly count: FilterCount
  private readonly queue: Buffer[] = []
  /** Handed out last: it is being read until the next is asked for. */
  private lent: Buffer | undefined = undefined
  private queued_bytes = 0
  private skip_bytes: number
  private ended = false
  private broken = false
  private sourceOver = false
  private released = false
  /** Inside `next`: it will see what comes meanwhile and must not be called back. */
  private busy = false
  onMore: (() => void) | undefined = undefined

  /** From byte `skip_bytes` of what comes out. */
  constructor(source: BodyReader, params: ZlibParams, skip_bytes: number, count: FilterCount) {
    this.source = source
    this.skip_bytes = skip_bytes
    this.count = count
    this.conversion = gunzipConversion(params, this)
  }

  next(): Buffer | undefined {
    const piece = this.queue.shift()
    if (this.lent !== undefined) this.conversion.recycle(this.lent)
    this.lent = piece
    if (piece === undefined) {
      this.feed()
      return undefined
    }
    this.queued_bytes -= piece.length
    if (this.queued_bytes < QUEUED_BYTES && this.conversion.paused) this.goOn()
    return piece
  }

  get done(): boolean {
    return this.ended && this.queue.length === 0
  }

  get failed(): boolean {
    return this.broken && this.queue.length === 0
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.source.onMore = undefined
    this.conversion.close()
    this.source.release()
  }

  /** What was made while it was paused comes at once. */
  private goOn(): void {
    this.busy = true
    this.conversion.resume()
    this.busy = false
  }

  /** As much of the source as zlib takes for now. */
  private feed(): void {
    const { source, conversion } = this
    while (!this.released && !this.sourceOver && !conversion.full) {
      const piece = source.next()
      if (piece === undefined) return this.starved()
      this.count.took(piece)
      conversion.write(piece)
    }
  }

  private starved(): void {
    const { source } = this
    if (source.failed) return this.over(true)
    if (!source.done) {
      source.onMore = this.sourceHasMore
      return
    }
    this.sourceOver = true
    this.conversion.end()
  }

  private readonly sourceHasMore = (): void => {
    this.source.onMore = undefined
    this.feed()
  }

  // ConversionOwner.

  converted(piece: Buffer): void {
    if (this.released) return
    this.count.out_bytes += piece.length
    const wanted = piece.subarray(Math.min(piece.length, this.skip_bytes))
    this.skip_bytes -= piece.length - wanted.length
    if (wanted.length === 0) return this.conversion.recycle(piece)
    this.queue.push(wanted)
    this.queued_bytes += wanted.length
    if (this.queued_bytes >= QUEUED_BYTES) this.conversion.pause()
    if (!this.busy) this.onMore?.()
  }

  drained(): void {
    this.feed()
  }

  cameToEnd(): void {
    this.over(false)
  }

  broke(): void {
    this.over(true)
  }

  private over(failed: boolean): void {
    if (this.released || this.ended || this.broken) return
    if (failed) this.broken = true
    else this.ended = true
    this.sourceOver = true
    // Not from within `next`: whoever asks sees it at once.
    process.nextTick(() => {
      if (!this.released) this.onMore?.()
    })
  }
}
