import { codeAt, lengthOf } from './characters.ts'

/** Text and numbers written in place as latin1, without making a string. Each returns the position behind what it wrote. */

const ZERO = 48
const PERIOD = 46
const MINUS = 45
/** "00" to "99": two digits a lookup. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i & 1 ? (i >> 1) % 10 : Math.floor(i / 20)))

/** Below this many characters a loop is faster than the call into C++ (bench/micro/log.ts). */
const SHORT = 16

/** Buffer's own latin1 writer, which @types/node does not list: `write(text, at, length, 'latin1')` without the dispatch. */
export interface Latin1Buffer extends Buffer {
  latin1Write(text: string, at: number, length: number): number
}

export function putText(bytes: Latin1Buffer, at: number, text: string): number {
  const length = lengthOf(text)
  if (length < SHORT) {
    for (let i = 0; i < length; i++) bytes[at + i] = codeAt(text, i)
  } else {
    bytes.latin1Write(text, at, length)
  }
  return at + length
}

/** The same with a space before it; nothing for an empty one. */
export function putWord(bytes: Latin1Buffer, at: number, text: string): number {
  if (text === '') return at
  bytes[at] = 32
  return putText(bytes, at + 1, text)
}

/** What is not a number of ours becomes one: the log must not be what stops a request. */
function sane(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
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
  const whole = sane(value)
  if (whole < 1e9) return putInteger(bytes, at, whole)
  const high = Math.floor(whole / 1e9)
  return putBelow1e9(bytes, putInteger(bytes, at, high), whole - high * 1e9, 9)
}

/** Millionths as seconds with six decimals, as %.6f prints them. */
export function putMicroseconds(bytes: Buffer, at: number, value_us: number): number {
  if (value_us >= 0 && value_us < 1e6) {
    bytes[at] = ZERO
    return putFraction(bytes, at + 1, value_us)
  }
  let rest_us = sane(value_us)
  if (rest_us < 0) {
    bytes[at++] = MINUS
    rest_us = -rest_us
  }
  const seconds = Math.floor(rest_us / 1e6)
  at = putInteger(bytes, at, seconds)
  return putFraction(bytes, at, rest_us - seconds * 1e6)
}

/** The last wall clock reading that was written, and how: one request writes the same one several times, many the same second. */
let wall_us = NaN
let wall_s = NaN
let wallLength = 0
const wallDigits = Buffer.alloc(32)
/** A point and six digits. */
export const FRACTION_LENGTH = 7

/** As putMicroseconds, for a wall clock reading. */
export function putWallClock(bytes: Buffer, at: number, value_us: number): number {
  if (value_us !== wall_us) writeWallClock(Math.max(0, value_us))
  wall_us = value_us
  for (let i = 0; i < wallLength; i++) bytes[at + i] = wallDigits[i]
  return at + wallLength
}

function writeWallClock(value_us: number): void {
  const seconds = Math.floor(value_us / 1e6)
  if (seconds === wall_s) {
    putFraction(wallDigits, wallLength - FRACTION_LENGTH, value_us - seconds * 1e6)
    return
  }
  wallLength = putMicroseconds(wallDigits, 0, value_us)
  wall_s = seconds
}

/** ".dddddd" */
export function putFraction(bytes: Buffer, at: number, micros: number): number {
  const value = micros | 0
  const high = (value / 10_000) | 0
  const low = value - high * 10_000
  const middle = (low / 100) | 0
  bytes[at] = PERIOD
  putPair(bytes, at + 1, high)
  putPair(bytes, at + 3, middle)
  putPair(bytes, at + 5, low - middle * 100)
  return at + 7
}

function putPair(bytes: Buffer, at: number, value: number): void {
  bytes[at] = PAIRS[value << 1]
  bytes[at + 1] = PAIRS[(value << 1) + 1]
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

/** In place of a number that is not there. */
export const NO_NUMBER = -(2 ** 40)

/** Characters of a whole number. */
export function widthOf(value: number): number {
  return value < 0 ? digitsOf(-value) + 1 : digitsOf(value)
}

/** Of a whole number from 0 on. */
export function digitsOf(value: number): number {
  if (value < 10) return 1
  let count = 2
  for (let limit = 100; value >= limit; limit *= 10) count++
  return count
}
