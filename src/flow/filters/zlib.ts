import zlib from 'node:zlib'

/** Node's zlib: at once for what is small, on its thread pool for the rest. */

/** What is converted in one go, by a call that takes less than handing it to another thread would (bench/micro/zlib.ts). */
export const SYNC_GZIP_BYTES = 8 * 1024
export const SYNC_GUNZIP_BYTES = 16 * 1024
/** What comes of it may be a thousand times as much. */
export const SYNC_OUT_BYTES = 128 * 1024

/** Bytes that a conversion holds on each of its sides before it asks for a pause. */
const QUEUED_BYTES = 64 * 1024

export interface ZlibParams {
  readonly gzip_level: number
  readonly gzip_memlevel: number
  readonly gzip_buffer: number
}

export function gzipOptions(params: ZlibParams): zlib.ZlibOptions {
  return { level: params.gzip_level, memLevel: params.gzip_memlevel }
}

/** Of both sides; zlib hands on what it does not know to the stream that it is. */
export function bounds(params: ZlibParams): zlib.ZlibOptions {
  return { chunkSize: params.gzip_buffer, highWaterMark: QUEUED_BYTES } as zlib.ZlibOptions
}

/**
 * Conversions that are begun and not over, and copies in other codings: other threads work on them, in time of their own. Whoever moves a clock by
 * hand waits for them: for conversions as long as they get on, since a client who does not read holds them up; for copies till they are made.
 */
export const underWay = { conversions: 0, copies: 0 }

export function gzipNow(plain: Buffer, params: ZlibParams): Buffer {
  return zlib.gzipSync(plain, gzipOptions(params))
}

function sectionOptions(params: ZlibParams): zlib.ZlibOptions {
  return { ...gzipOptions(params), finishFlush: zlib.constants.Z_FULL_FLUSH }
}

/** A stored block (RFC 1951 section 3.2.4) is no longer than what deflate and its flush make of so little, and needs no zlib. */
const STORED_BYTES = 64
const STORED_HEAD_BYTES = 5

function storedSection(plain: Buffer): Buffer {
  const block = Buffer.allocUnsafe(STORED_HEAD_BYTES + plain.length)
  block[0] = 0
  block.writeUInt16LE(plain.length, 1)
  block.writeUInt16LE(~plain.length & 0xffff, 3)
  plain.copy(block, STORED_HEAD_BYTES)
  return block
}

function isStored(blocks: Buffer, plain_bytes: number): boolean {
  return blocks.length === STORED_HEAD_BYTES + plain_bytes && blocks[0] === 0 && blocks.readUInt16LE(1) === plain_bytes
}

/** Blocks of deflate that end with a byte, none of them the last, and look back at nothing before them. */
export function deflateSection(plain: Buffer, params: ZlibParams, packed: (error: Error | null, blocks: Buffer) => void): void {
  if (plain.length <= STORED_BYTES) return packed(null, storedSection(plain))
  if (plain.length <= SYNC_GZIP_BYTES) return packed(null, zlib.deflateRawSync(plain, sectionOptions(params)))
  underWay.conversions++
  zlib.deflateRaw(plain, sectionOptions(params), (error, blocks) => {
    underWay.conversions--
    packed(error, blocks)
  })
}

/** What they come to, which is known to be so much; in memory of its own. */
export function inflateSection(blocks: Buffer, plain_bytes: number): Buffer {
  if (isStored(blocks, plain_bytes)) return Buffer.from(blocks.subarray(STORED_HEAD_BYTES))
  const options: zlib.ZlibOptions = { finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize: Math.max(64, plain_bytes + 1) }
  const plain = zlib.inflateRawSync(blocks, options)
  if (plain.length !== plain_bytes) throw new Error('a stored page with ESI has a section that nobody has written')
  return plain
}

/** Undefined when too much comes of it to be had in one go. Throws when it is not gzip. */
export function gunzipNow(packed: Buffer): Buffer | undefined {
  try {
    const options: zlib.ZlibOptions = { maxOutputLength: SYNC_OUT_BYTES, info: true, chunkSize: 16 * 1024 }
    const { buffer, engine } = zlib.gunzipSync(packed, options) as unknown as { buffer: Buffer; engine: zlib.Gunzip }
    if (!isWhole(packed.length, engine.bytesWritten, packed, buffer.length)) throw new Error(JUNK)
    return buffer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw error
  }
}

export const JUNK = 'Junk after gzip data'

const SIZE_MODULUS = 2 ** 32

/**
 * Is what was unpacked one member (RFC 1952 section 2.2), and nothing behind it? zlib goes on with further members, and passes over
 * zeros. The last four bytes are the size of the last member, modulo 2^32: `tail` ends with them.
 */
export function isWhole(in_bytes: number, consumed_bytes: number, tail: Buffer, out_bytes: number): boolean {
  return consumed_bytes === in_bytes && tail.readUInt32LE(tail.length - 4) === out_bytes % SIZE_MODULUS
}

/** The last bytes of what has come so far. */
export class Tail {
  readonly bytes = Buffer.alloc(4)

  add(chunk: Buffer): void {
    const { bytes } = this
    if (chunk.length < bytes.length) bytes.copyWithin(0, chunk.length)
    const kept = Math.min(chunk.length, bytes.length)
    chunk.copy(bytes, bytes.length - kept, chunk.length - kept)
  }
}
