/** Text and numbers written in place as latin1, without making a string. Each returns the position behind what it wrote. */

const ZERO = 48
const PERIOD = 46
const MINUS = 45
/** "00" to "99": two digits a lookup. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i & 1 ? (i >> 1) % 10 : Math.floor(i / 20)))

/** Below this many characters a loop is faster than the call into C++ (bench/micro/log.ts). */
const SHORT = 20

/** Buffer's own latin1 writer, which @types/node does not list: `write(text, at, length, 'latin1')` without the dispatch. */
export interface Latin1Buffer extends Buffer {
  latin1Write(text: string, at: number, length: number): number
}

export function putText(bytes: Latin1Buffer, at: number, text: string): number {
  const length = text.length
  if (length < SHORT) {
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  } else {
    bytes.latin1Write(text, at, length)
  }
  return at + length
}

/** A whole number below 2^53. */
export function putInteger(bytes: Buffer, at: number, value: number): number {
  if (value < 0) {
    bytes[at++] = MINUS
    value = -value
  }
  if (value < 10) {
    bytes[at] = ZERO + value
    return at + 1
  }
  if (value < 1e9) return putBelow1e9(bytes, at, value, digitsOf(value))
  const high = Math.floor(value / 1e9)
  return putBelow1e9(bytes, putInteger(bytes, at, high), value - high * 1e9, 9)
}

/** Millionths as seconds with six decimals, as %.6f prints them. */
export function putMicroseconds(bytes: Buffer, at: number, value_us: number): number {
  if (value_us < 0) {
    bytes[at++] = MINUS
    value_us = -value_us
  }
  const seconds = Math.floor(value_us / 1e6)
  at = putInteger(bytes, at, seconds)
  bytes[at] = PERIOD
  return putBelow1e9(bytes, at + 1, value_us - seconds * 1e6, 6)
}

/** `count` digits, with leading zeros. */
function putBelow1e9(bytes: Buffer, at: number, value: number, count: number): number {
  let i = at + count
  let rest = value | 0
  while (i - at >= 2) {
    const quotient = (rest / 100) | 0
    const pair = (rest - quotient * 100) << 1
    bytes[--i] = PAIRS[pair + 1]
    bytes[--i] = PAIRS[pair]
    rest = quotient
  }
  if (i > at) bytes[at] = ZERO + rest
  return at + count
}

function digitsOf(value: number): number {
  let count = 2
  for (let limit = 100; value >= limit; limit *= 10) count++
  return count
}
