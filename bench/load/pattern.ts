/** Content that shows a byte in the wrong place: a period that is no power of two, so no buffer size hides a shift. */
const PERIOD = 251 * 241
const LONGEST_BYTES = 2 * 1024 * 1024

function make(): Buffer {
  const bytes = Buffer.alloc(PERIOD + LONGEST_BYTES)
  for (let i = 0; i < bytes.length; i++) {
    const at = i % PERIOD
    bytes[i] = ((at % 251) ^ (at / 251)) & 0xff
  }
  return bytes
}

export const PATTERN = { period: PERIOD, bytes: make() }

/** Bytes of the content from `offset` on; a view. */
export function bytesAt(offset: number, length_bytes: number): Buffer {
  const from = offset % PERIOD
  return PATTERN.bytes.subarray(from, from + length_bytes)
}

/** True if `chunk` is what the content has at `offset`. */
export function isRight(chunk: Buffer, offset: number): boolean {
  return bytesAt(offset, chunk.length).equals(chunk)
}
