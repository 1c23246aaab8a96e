import { readRing } from '../../../src/log/reader.ts'
import type { RingMemory } from '../../../src/log/ring.ts'
import { TAG } from '../../../src/log/tags.ts'

/** Blocks for rings of vsl_version=2. */

/** A record of 16 bytes with that number. */
export function record(number: number): Buffer {
  return block(number, 8)
}

/** Of every length from 16 bytes on, also such that do not fit what is left of a lap. */
export function block(number: number, length_bytes = 8 + ((number * 7) % 40) * 4): Buffer {
  const bytes = Buffer.alloc(8 + length_bytes, '.')
  bytes.writeUInt32LE(((TAG.VCL_Log << 24) | length_bytes) >>> 0, 0)
  bytes.writeUInt32LE(7, 4)
  bytes.write(`${String(number).padStart(7, '0')}\0`, 8, 'latin1')
  return bytes
}

/** Those of the blocks that are in the ring, oldest first. */
export function numbersIn(memory: RingMemory): number[] {
  return [...readRing(memory)].filter(({ tag }) => tag === TAG.VCL_Log).map(({ text }) => Number(text.slice(0, 7)))
}
