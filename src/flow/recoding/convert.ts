import zlib from 'node:zlib'
import { OBJ_BR } from '../../policy/flags.ts'
import { brotliSync } from './brotli.ts'
import type { RecodeParams } from './contract.ts'

/** Bodies as a whole, while whoever calls waits: for a thread that has nothing else to do. Undefined when it failed, or came to too much. */

const PIECE_BYTES = 64 * 1024

/** In one piece, if it is what its last four bytes say (RFC 1952 section 2.3.1). */
export function unpack(packed: Uint8Array, { recode_max_size: most }: RecodeParams): Buffer | undefined {
  const told = packed.length < 4 ? 0 : new DataView(packed.buffer, packed.byteOffset + packed.length - 4).getUint32(0, true)
  const chunkSize = Math.max(PIECE_BYTES, Math.min(told, most) + 1)
  return attempt(() => zlib.gunzipSync(packed, { maxOutputLength: most, chunkSize }))
}

export function pack(plain: Uint8Array, coding: number, params: RecodeParams): Buffer | undefined {
  return attempt(() =>
    coding === OBJ_BR
      ? brotliSync(plain, { params: brotliParams(plain.length, params.recode_br_level) })
      : zlib.zstdCompressSync(plain, zstdOptions(plain.length, params.recode_zstd_level)),
  )
}

function attempt(work: () => Buffer): Buffer | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
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
