/**
 * What the origin has: objects whose sizes and bytes follow from their number and version, so that whoever reads one knows
 * whether it is right. Mostly small, a few of them large, together far more than the store holds.
 */
const KIB = 1024
const MIB = 1024 * KIB

/** Byte j of an object is byte (j + its offset) of this, repeated: a prime period, so that no two pieces at other places are alike. */
const PERIOD = 65_521
const SOURCE = Buffer.allocUnsafeSlow(2 * PERIOD)
for (let i = 0; i < SOURCE.length; i++) SOURCE[i] = (Math.imul((i % PERIOD) + 1, 2654435761) >>> 15) & 0xff

/** A number from 0 to 2^32 - 1 that depends on all bits of both. */
function mixed(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** In a hundred: 89 up to 20 KiB, 8 up to 400 KiB, 3 up to 4 MiB; of 500 one of 20 MiB. */
export function sizeOf(object: number): number {
  const dice = mixed(object, 1) % 500
  const part = mixed(object, 2) / 2 ** 32
  if (dice === 0) return 20 * MIB
  if (dice < 16) return Math.floor(400 * KIB + part * (4 * MIB - 400 * KIB))
  if (dice < 55) return Math.floor(20 * KIB + part * 380 * KIB)
  return Math.floor(200 + part * 20 * KIB)
}

/** So many objects have so many bytes together. */
export function objectsWorth(bytes: number): number {
  let objects = 0
  for (let sum = 0; sum < bytes; objects++) sum += sizeOf(objects)
  return objects
}

/** How the origin behaves for an object. */
export interface Habit {
  readonly chunked: boolean
  readonly no_store: boolean
  /** Seconds. */
  readonly max_age: number
  /** Stale it may be served while it is refreshed. */
  readonly grace: boolean
  /** By X-Variant, of which there are two. */
  readonly varies: boolean
}

export function habitOf(object: number): Habit {
  const dice = mixed(object, 3)
  const max_age = dice % 5 === 2 ? 2 : 600
  return { chunked: dice % 4 === 0, no_store: dice % 16 === 1, max_age, grace: dice % 3 === 0, varies: dice % 7 === 3 }
}

/** A piece of a version's body: `length` bytes from `from` on, at most a period's worth at a time. */
export function pieceOf(object: number, version: number, from: number, length: number): Buffer {
  const at = (mixed(object, version) + from) % PERIOD
  return SOURCE.subarray(at, at + Math.min(length, PERIOD))
}

/** Are these the bytes from `from` on? */
export function isPiece(object: number, version: number, from: number, data: Buffer): boolean {
  for (let done = 0; done < data.length;) {
    const right = pieceOf(object, version, from + done, data.length - done)
    if (right.compare(data, done, done + right.length) !== 0) return false
    done += right.length
  }
  return true
}
