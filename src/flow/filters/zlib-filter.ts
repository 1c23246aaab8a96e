import type { FetchFilter, FilterLine, Sink } from './fetch-filter.ts'
import { bitsOf, FirstBit, type GzipBits, NO_BITS, PLAIN_HEAD_BITS } from './gzip/bits.ts'
import { type Conversion, type ConversionOwner, gunzipConversion, gzipConversion } from './conversion.ts'
import { gunzipNow, gzipNow, isWhole, JUNK, SYNC_GUNZIP_BYTES, SYNC_GZIP_BYTES, Tail, type ZlibParams } from './zlib.ts'

/**
 * A conversion of a body on its way into the store. A body that ends before there is much of it is converted in one call;
 * more goes to the thread pool, piece by piece, both sides bounded.
 */
abstract class ZlibFilter implements FetchFilter, ConversionOwner {
  abstract readonly name: string
  protected readonly params: ZlibParams
  protected line!: FilterLine
  protected next!: Sink
  private gathered: Buffer[] = []
  private conversion: Conversion | undefined
  protected in_bytes = 0
  protected out_bytes = 0
  protected over = false
  private immediate: NodeJS.Immediate | undefined
  /** Where they have been looked for: in what was converted in one go. */
  protected bits: GzipBits | undefined

  constructor(params: ZlibParams) {
    this.params = params
  }

  protected abstract readonly what: string
  protected abstract readonly sync_bytes: number
  /** What comes out may be wanted before all is in. */
  protected abstract readonly urgent: boolean
  protected abstract open(): Conversion
  /** In one go; undefined: too much for that. */
  protected abstract convert(whole: Buffer): Buffer | undefined
  /** Throws when something is wrong with what was converted. */
  protected abstract check(consumed_bytes: number): void
  protected abstract describe(error: Error): string
  /** Which of the two is gzip. */
  protected abstract memberOf(whole: Buffer, converted: Buffer): Buffer
  /** What is known without walking through it. */
  protected abstract readonly headBits: GzipBits

  join(line: FilterLine, next: Sink): void {
    this.line = line
    this.next = next
  }

  take(chunk: Buffer): boolean {
    if (this.over) return true
    this.in_bytes += chunk.length
    if (this.conversion !== undefined) return this.conversion.write(chunk)
    this.gathered.push(Buffer.from(chunk))
    if (this.in_bytes > this.sync_bytes) return this.begin()
    if (this.urgent) this.immediate ??= setImmediate(() => this.begin())
    return true
  }

  complete(): void {
    if (this.over) return
    if (this.conversion === undefined && this.now()) return
    this.conversion?.end()
  }

  onRoom(): void {
    this.conversion?.resume()
  }

  drop(): void {
    if (this.over) return
    this.over = true
    this.forget()
    this.conversion?.close()
    this.line.account(this.what, this.in_bytes, this.out_bytes, this.bits ?? this.headBits)
  }

  /** False: nothing more for now. */
  protected handOn(piece: Buffer): boolean {
    return this.next.take(piece)
  }

  protected finish(): void {
    this.next.complete()
  }

  private forget(): void {
    clearImmediate(this.immediate)
    this.gathered = []
  }

  /** All of it is here: false when it is too much all the same. */
  private now(): boolean {
    try {
      const whole = this.gathered.length === 1 ? this.gathered[0] : Buffer.concat(this.gathered)
      const converted = this.convert(whole)
      if (converted === undefined) {
        this.begin()
        return false
      }
      // The next filter may take longer than this: nothing of it is to come a second time.
      this.forget()
      this.out_bytes = converted.length
      if (this.line.wantsBits) this.bits = bitsOf(this.memberOf(whole, converted))
      if (converted.length > 0) this.handOn(converted)
      this.finish()
    } catch (error) {
      this.line.broke(this.describe(error as Error))
    }
    return true
  }

  private begin(): boolean {
    if (this.over || this.conversion !== undefined) return true
    const conversion = (this.conversion = this.open())
    let room = true
    for (const piece of this.gathered) room = conversion.write(piece)
    this.forget()
    return room
  }

  // ConversionOwner.

  converted(piece: Buffer): void {
    const { conversion } = this
    if (this.over || conversion === undefined) return
    this.out_bytes += piece.length
    if (!this.handOn(piece)) conversion.pause()
    conversion.recycle(piece)
  }

  /** False while it holds as much as it is to hold. */
  protected get hasRoom(): boolean {
    return this.conversion?.full !== true
  }

  drained(): void {
    if (!this.over) this.line.hasRoom(this)
  }

  cameToEnd(): void {
    if (this.over) return
    try {
      this.check(this.conversion?.consumed_bytes ?? 0)
    } catch (error) {
      return this.line.broke(this.describe(error as Error))
    }
    this.finish()
  }

  broke(error: Error): void {
    if (!this.over) this.line.broke(this.describe(error))
  }
}

export class GzipFilter extends ZlibFilter {
  readonly name = 'gzip'
  protected readonly what = 'G F -'
  protected readonly sync_bytes = SYNC_GZIP_BYTES
  protected readonly urgent = false

  protected open(): Conversion {
    return gzipConversion(this.params, this)
  }

  protected convert(whole: Buffer): Buffer {
    return gzipNow(whole, this.params)
  }

  protected check(): void {}

  protected memberOf(_whole: Buffer, converted: Buffer): Buffer {
    return converted
  }

  protected get headBits(): GzipBits {
    return this.out_bytes === 0 ? NO_BITS : { ...NO_BITS, first_bit: PLAIN_HEAD_BITS }
  }

  protected describe(): string {
    return 'Gzip failed'
  }
}

export class GunzipFilter extends ZlibFilter {
  readonly name: string = 'gunzip'
  protected readonly what: string = 'U F -'
  protected readonly sync_bytes = SYNC_GUNZIP_BYTES
  protected readonly urgent: boolean = true
  private readonly tail = new Tail()
  private readonly first = new FirstBit()
  private ending = false

  override take(chunk: Buffer): boolean {
    this.tail.add(chunk)
    this.first.take(chunk)
    return super.take(chunk)
  }

  override complete(): void {
    this.ending = true
    super.complete()
  }

  protected open(): Conversion {
    return gunzipConversion(this.params, this)
  }

  protected convert(whole: Buffer): Buffer | undefined {
    return gunzipNow(whole)
  }

  protected memberOf(whole: Buffer): Buffer {
    return whole
  }

  protected get headBits(): GzipBits {
    return this.first.bits
  }

  protected check(consumed_bytes: number): void {
    // It stops reading where it sees that no member begins.
    if (!this.ending || !isWhole(this.in_bytes, consumed_bytes, this.tail.bytes, this.out_bytes)) throw new Error(JUNK)
  }

  protected describe(error: Error): string {
    return error.message === JUNK ? JUNK : `Invalid Gzip data: ${error.message}`
  }
}

/** Hands on what it takes, and lets the body end only when it is sound. Of one whose length is known the last byte would be its end: it waits. */
export class TestGunzipFilter extends GunzipFilter {
  override readonly name = 'testgunzip'
  protected override readonly what = 'u F -'
  protected override readonly urgent = false
  private readonly expected_bytes: number
  private last: Buffer | undefined = undefined
  /** `next` has asked for a pause. */
  private nextFull = false

  /** `expected_bytes`: -1 while unknown. */
  constructor(params: ZlibParams, expected_bytes: number) {
    super(params)
    this.expected_bytes = expected_bytes
  }

  override take(chunk: Buffer): boolean {
    if (this.over) return true
    const isLast = chunk.length > 0 && this.in_bytes + chunk.length === this.expected_bytes
    if (isLast) this.last = Buffer.from(chunk.subarray(-1))
    const now = isLast ? chunk.subarray(0, -1) : chunk
    if (now.length > 0 && !this.next.take(now)) this.nextFull = true
    const room = super.take(chunk)
    return room && !this.nextFull
  }

  protected override finish(): void {
    if (this.last !== undefined) this.next.take(this.last)
    super.finish()
  }

  override onRoom(): void {
    this.nextFull = false
    if (this.hasRoom) this.line.hasRoom(this)
  }

  override drained(): void {
    if (!this.nextFull) super.drained()
  }

  /** What it comes to has been seen. */
  protected override handOn(): boolean {
    return true
  }
}
