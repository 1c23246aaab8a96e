import { codeAt, lengthOf } from '../../base/characters.ts'

/** Results of the last `hashId`: 64 bits in two words, never both 0. */
export const hashed = { hi: 0, lo: 0 }

/**
 * Hashes an object's id. Two lanes of multiply and xor-shift: what is equal by accident is told apart by the id itself, which is
 * stored with the object; the seed keeps outsiders from aiming at one bucket.
 */
export function hashId(id: string, seed: number): void {
  const length = lengthOf(id)
  let hi = seed ^ 0x9e3779b9
  let lo = Math.imul(seed, 0x85ebca6b) ^ length
  for (let i = 0; i < length; i++) {
    const code = codeAt(id, i)
    hi = Math.imul(hi ^ code, 0x01000193)
    hi ^= hi >>> 15
    lo = Math.imul(lo ^ code, 0x5bd1e995)
    lo ^= lo >>> 13
  }
  hashed.hi = mix(hi ^ (lo << 7)) || 1
  hashed.lo = mix(lo ^ hi)
}

/** murmur3's finish: every bit of the input changes half of the output. */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}
