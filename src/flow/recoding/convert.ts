import zlib from 'node:zlib'
import { OBJ_BR } from '../../policy/flags.ts'
import { underWay } from '../filters/zlib.ts'

/** Bodies as a whole, on Node's thread pool. */

export interface RecodeParams {
  readonly recode_br_level: number
  readonly recode_zstd_level: number
  readonly recode_max_size: number
}

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

export function unpack(packed: Buffer, params: RecodeParams, done: Converted): void {
  zlib.gunzip(packed, { maxOutputLength: params.recode_max_size }, begun(done))
}

export function pack(plain: Buffer, coding: number, params: RecodeParams, done: Converted): void {
  if (coding === OBJ_BR) zlib.brotliCompress(plain, { params: brotliParams(plain.length, params.recode_br_level) }, begun(done))
  else zlib.zstdCompress(plain, zstdOptions(plain.length, params.recode_zstd_level), begun(done))
}

/** Told how much there is, it takes its tables for that. */
function zstdOptions(size_bytes: number, level: number): zlib.ZstdOptions {
  return { params: { [zlib.constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: size_bytes }
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
