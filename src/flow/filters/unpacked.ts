import { LRUCache } from 'lru-cache'
import { LooseObject } from '../../cache/loose.ts'
import type { APPEND_OK, Body, BodyReader, BodyState, StoredObject } from '../../store/contract.ts'
import type { FilterCount } from './filter-count.ts'
import { bitsOf, type GzipBits } from './gzip/bits.ts'
import { GunzipReader } from './gunzip-reader.ts'
import { gunzipNow, SYNC_GUNZIP_BYTES, SYNC_OUT_BYTES, type ZlibParams } from './zlib.ts'

/** Compressed bodies up to this size cannot come to 2^32 bytes: deflate makes at most 1032 of one (zlib's technical notes). */
const SIZED_BYTES = 2 ** 22
/** Header and trailer of a gzip member (RFC 1952 section 2.3). */
const LEAST_BYTES = 18

/** A stored gzip body as the client gets it that does not take gzip: only read, by as many readers as the other has. */
export class UnpackedBody implements Body {
  private readonly packed: Body
  private readonly params: ZlibParams
  private readonly count: FilterCount
  readonly size_bytes: number
  readonly whole: Buffer | undefined
  /** Several parts of it could only be had by unpacking it several times. */
  readonly windowed: boolean
  onRoom: (() => void) | undefined = undefined
  onDeserted: (() => void) | undefined = undefined

  /** `bodyWanted`: not only its length. Throws when it is not gzip. */
  constructor(packed: Body, params: ZlibParams, several: boolean, bodyWanted: boolean, count: FilterCount) {
    this.packed = packed
    this.params = params
    this.count = count
    this.whole = bodyWanted ? atOnce(packed, count) : undefined
    this.size_bytes = this.whole?.length ?? sizeOf(packed)
    this.windowed = packed.windowed || (several && this.whole === undefined)
  }

  get state(): BodyState {
    return this.size_bytes < 0 ? 'filling' : 'complete'
  }

  /** Of what still comes, or is too large to tell, nothing is known. */
  get expected_bytes(): number {
    return this.size_bytes
  }

  get joinable(): boolean {
    return this.packed.joinable
  }

  read(from_bytes: number): BodyReader {
    if (this.whole !== undefined) return new WholeReader(this.whole.subarray(from_bytes))
    return new GunzipReader(this.packed.read(0), this.params, from_bytes, this.count)
  }

  append(): typeof APPEND_OK {
    throw new Error('an unpacked body is only read')
  }

  complete(): void {}
  fail(): void {}
}

/** What small bodies came to that were last wanted so, by the body itself: it is the same for as long as a worker remembers its object. */
const remembered = new LRUCache<Body, Unpacked>({ maxSize: 8 * 1024 * 1024, sizeCalculation: ({ plain }) => plain.length + 1024 })

interface Unpacked {
  readonly plain: Buffer
  /** Once they were asked for. */
  bits: GzipBits | undefined
}

/** Undefined when there is too much of it, or it is not all there. */
function atOnce(packed: Body, count: FilterCount): Buffer | undefined {
  const { state, whole } = packed
  if (state !== 'complete' || whole === undefined || whole.length > SYNC_GUNZIP_BYTES) return undefined
  const unpacked = remembered.get(packed) ?? unpack(packed, whole)
  if (unpacked === undefined) return undefined
  if (count.wantsBits) count.bits = unpacked.bits ??= bitsOf(whole)
  count.took(whole)
  count.out_bytes = unpacked.plain.length
  return unpacked.plain
}

function unpack(packed: Body, whole: Buffer): Unpacked | undefined {
  const plain = whole.length >= 4 && whole.readUInt32LE(whole.length - 4) > SYNC_OUT_BYTES ? undefined : gunzipNow(whole)
  if (plain === undefined) return undefined
  const unpacked = { plain, bits: undefined }
  remembered.set(packed, unpacked)
  return unpacked
}

/** What it comes to, as its last four bytes say; -1 when that is not known. It has been checked when it was stored. */
function sizeOf(packed: Body): number {
  if (packed.state !== 'complete' || packed.windowed || packed.size_bytes < LEAST_BYTES || packed.size_bytes > SIZED_BYTES) return -1
  const reader = packed.read(packed.size_bytes - 4)
  const size = Buffer.alloc(4)
  let got = 0
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) got += piece.copy(size, got)
  reader.release()
  return got === size.length ? size.readUInt32LE(0) : -1
}

class WholeReader implements BodyReader {
  private rest: Buffer | undefined
  readonly failed = false
  onMore: (() => void) | undefined = undefined

  constructor(bytes: Buffer) {
    this.rest = bytes
  }

  next(): Buffer | undefined {
    const { rest } = this
    this.rest = undefined
    return rest === undefined || rest.length === 0 ? undefined : rest
  }

  get done(): boolean {
    return this.rest === undefined || this.rest.length === 0
  }

  release(): void {
    this.rest = undefined
  }
}

/** An object whose response has been made already, and whose body is what a filter makes of the stored one. */
export class FilteredObject extends LooseObject {
  constructor(object: StoredObject, body: Body) {
    super(object.head, body, object.store)
  }
}
