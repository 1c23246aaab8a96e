/** Result of the last `hashTag`: 64 bits in two words. */
export const tagged = { hi: 0, lo: 0 }

let v0 = 0
let v1 = 0
let v2 = 0
let v3 = 0

/**
 * HalfSipHash-2-4 with 64 bits of result, over the low bytes of the text's characters. Tags are compared by it alone: whoever makes up
 * tags does not know the key, so that two of them are equal by accident only, which costs one object a fetch.
 */
export function hashTag(text: string, key0: number, key1: number): void {
  v0 = key0
  v1 = key1 ^ 0xee
  v2 = 0x6c796765 ^ key0
  v3 = 0x74656462 ^ key1
  const whole = text.length & ~3
  for (let i = 0; i < whole; i += 4) take(bytesAt(text, i, 4))
  take((text.length << 24) | bytesAt(text, whole, text.length - whole))
  v2 ^= 0xee
  rounds(4)
  tagged.lo = v1 ^ v3
  v1 ^= 0xdd
  rounds(4)
  tagged.hi = v1 ^ v3
}

function bytesAt(text: string, from: number, count: number): number {
  let word = 0
  for (let i = 0; i < count; i++) word |= (text.charCodeAt(from + i) & 0xff) << (8 * i)
  return word
}

function take(word: number): void {
  v3 ^= word
  rounds(2)
  v0 ^= word
}

function rounds(count: number): void {
  for (let n = 0; n < count; n++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
}
