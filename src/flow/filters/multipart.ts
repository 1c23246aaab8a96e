import { randomBytes } from 'node:crypto'
import type { ByteRange } from '../../policy/range-set.ts'

/** The framing of a multipart/byteranges body (RFC 9110 section 14.6). */
export interface Multipart {
  /** Content-Type of the response. */
  readonly type: string
  /** What goes before each part, and behind the last. */
  readonly heads: readonly Buffer[]
  readonly length_bytes: number
}

/** 144 bits nobody can know before: no stored body contains them, whoever wrote it. */
const BOUNDARY_BYTES = 18

export function multipart(
  parts: readonly ByteRange[],
  contentType: string | undefined,
  total: string,
  boundary = randomBytes(BOUNDARY_BYTES).toString('hex'),
): Multipart {
  const typeLine = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`
  const heads = parts.map(({ from, to }, i) =>
    Buffer.from(`${i === 0 ? '' : '\r\n'}--${boundary}\r\n${typeLine}Content-Range: bytes ${from}-${to}/${total}\r\n\r\n`, 'latin1'),
  )
  heads.push(Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'))
  let length_bytes = 0
  for (const head of heads) length_bytes += head.length
  for (const { from, to } of parts) length_bytes += to - from + 1
  return { type: `multipart/byteranges; boundary=${boundary}`, heads, length_bytes }
}
