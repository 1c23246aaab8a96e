import { createHash } from 'node:crypto'

/** VRT_HashStrands32: the last four bytes of the SHA-256, the least significant first. */
export function hash32(text: string): number {
  return createHash('sha256').update(text, 'latin1').digest().readUInt32LE(28)
}
