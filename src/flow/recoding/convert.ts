import zlib from 'node:zlib'
import { OBJ_BR } from '../../policy/flags.ts'
import { underWay } from '../filters/zlib.ts'

/** Bodies as a whole, on Node's thread pool. */

export interface RecodeParams {
  readonly recode_br_level: number
  readonly recode_zstd_level: number
  readonly recode_max_size: number
}

const PIECE_BYTES = 64 * 1024

/** Undefined when it failed, or came to too much. */
type Converted = (bytes: Buffer | undefined) => void

/** Counts it, and calls back once. */
function begun(done: Converted): (error: Error | null, bytes: Buffer) => void {
  underWay.conversions++
  return (error, bytes) => {
    underWay.conversions--
    done(error === null ? bytes : undefined)
  }
}

/** In one piece, if it is what its last four bytes say (RFC 1952 section 2.3.1): many pieces are many turns of the event loop. */
export function unpack(packed: Buffer, params: RecodeParams, done: Converted): void {
  const { recode_max_size: most } = params
  const told = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4)
  const chunkSize = Math.max(PIECE_BYTES, Math.min(told, most) + 1)
  zlib.gunzip(packed, { maxOutputLength: most, chunkSize }, begun(done))
}

export function pack(plain: Buffer, coding: number, params: RecodeParams, done: Converted): void {
  if (coding === OBJ_BR)
    zlib.brotliCompress(plain, { params: brotliParams(plain.length, params.recode_br_level), chunkSize: PIECE_BYTES }, begun(done))
  else zlib.zstdCompress(plain, zstdOptions(plain.length, params.recode_zstd_level), begun(done))
}

/** Told how much there is, it takes its tables for that. */
function zstdOptions(size_bytes: number, level: number): zlib.ZstdOptions {
  return { params: { [zlib.constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: size_bytes, chunkSize: PIECE_BYTES }
}

/** A window that is no larger than what there is takes no more memory than that. */
function brotliParams(size_bytes: number, level: number): Record<number, number> {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_PARAM_LGWIN, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT } = zlib.constants
  const window_bits = Math.min(22, Math.max(16, Math.ceil(Math.log2(size_bytes + 1))))
  return {
    [BROTLI_PARAM_QUALITY]: level,
    [BROTLI_PARAM_SIZE_HINT]: size_bytes,
    [BROTLI_PARAM_LGWIN]: window_bits,
    [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT,
  }
}
