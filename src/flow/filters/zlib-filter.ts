import type { FetchFilter, FilterLine, Sink } from './fetch-filter.ts'
import { bitsOf, FirstBit, type GzipBits, NO_BITS, PLAIN_HEAD_BITS } from './gzip/bits.ts'
import {
  type Conversion,
  gunzipNow,
  gunzipStream,
  gzipNow,
  gzipStream,
  isWhole,
  JUNK,
  Slabs,
  SYNC_GUNZIP_BYTES,
  SYNC_GZIP_BYTES,
  Tail,
  type ZlibParams,
} from './zlib.ts'

/**
 * A conversion of a body on its way into the store. A body that ends before there is much of it is converted in one call;
 * more goes to the thread pool, piece by piece, both sides bounded.
 */
abstract class ZlibFilter implements FetchFilter {
  abstract readonly name: string
  protected readonly params: ZlibParams
  protected line!: FilterLine
  protected next!: Sink
  private gathered: Buffer[] = []
  private readonly slabs = new Slabs()
  private stream: Conversion | undefined
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
  protected abstract check(stream: Conversion): void
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
    if (this.stream !== undefined) return this.slabs.write(this.stream, chunk)
    this.gathered.push(Buffer.from(chunk))
    if (this.in_bytes > this.sync_bytes) return this.begin()
    if (this.urgent) this.immediate ??= setImmediate(() => this.begin())
    return true
  }

  complete(): void {
    if (this.over) return
    if (this.stream === undefined && this.now()) return
    this.stream?.end()
  }

  onRoom(): void {
    this.stream?.resume()
  }

  drop(): void {
    if (this.over) return
    this.over = true
    this.forget()
    this.stream?.destroy()
    this.line.account(this.what, this.in_bytes, this.out_bytes, this.bits ?? this.headBits)
  }

  /** False: nothing more for now. */
  protected handOn(piece: Buffer): boolean {
    return this.next.take(piece)
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
      this.next.complete()
    } catch (error) {
      this.line.broke(this.describe(error as Error))
    }
    return true
  }

  private begin(): boolean {
    if (this.over || this.stream !== undefined) return true
    const stream = (this.stream = this.open())
    stream.on('data', (piece: Buffer) => this.came(stream, piece))
    stream.on('drain', () => this.drained())
    stream.on('end', () => this.ended(stream))
    stream.on('error', (error) => this.line.broke(this.describe(error)))
    let room = true
    for (const piece of this.gathered) room = stream.write(piece)
    this.forget()
    return room
  }

  private came(stream: Conversion, piece: Buffer): void {
    if (this.over) return
    this.out_bytes += piece.length
    if (!this.handOn(piece)) stream.pause()
  }

  /** False while it holds as much as it is to hold. */
  protected get hasRoom(): boolean {
    return this.stream?.writableNeedDrain !== true
  }

  protected drained(): void {
    if (!this.over) this.line.hasRoom(this)
  }

  private ended(stream: Conversion): void {
    if (this.over) return
    try {
      this.check(stream)
    } catch (error) {
      return this.line.broke(this.describe(error as Error))
    }
    this.next.complete()
  }
}

export class GzipFilter extends ZlibFilter {
  readonly name = 'gzip'
  protected readonly what = 'G F -'
  protected readonly sync_bytes = SYNC_GZIP_BYTES
  protected readonly urgent = false

  protected open(): Conversion {
    return gzipStream(this.params)
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
    return gunzipStream(this.params)
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

  protected check({ bytesWritten }: Conversion): void {
    // It stops reading where it sees that no member begins.
    if (!this.ending || !isWhole(this.in_bytes, bytesWritten, this.tail.bytes, this.out_bytes)) throw new Error(JUNK)
  }

  protected describe(error: Error): string {
    return error.message === JUNK ? JUNK : `Invalid Gzip data: ${error.message}`
  }
}

/** Hands on what it takes, and lets the body end only when it is sound. */
export class TestGunzipFilter extends GunzipFilter {
  override readonly name = 'testgunzip'
  protected override readonly what = 'u F -'
  protected override readonly urgent = false
  /** `next` has asked for a pause. */
  private nextFull = false

  override take(chunk: Buffer): boolean {
    if (this.over) return true
    if (!this.next.take(chunk)) this.nextFull = true
    const room = super.take(chunk)
    return room && !this.nextFull
  }

  override onRoom(): void {
    this.nextFull = false
    if (this.hasRoom) this.line.hasRoom(this)
  }

  protected override drained(): void {
    if (!this.nextFull) super.drained()
  }

  /** What it comes to has been seen. */
  protected override handOn(): boolean {
    return true
  }
}
