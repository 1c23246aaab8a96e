/**
 * Numbers as Varnish's tools read them. In records they are those of structured fields (RFC 9651, sections 3.3.1 and 3.3.2): fifteen digits, or
 * twelve before the point, of those behind it the first three count; what follows is left aside. In queries a whole number is one of C.
 */

const INTEGER = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\s*$/
const FLOAT = /^[ \t]*(-?)(?=\.?[0-9])([0-9]{0,12})(?:\.([0-9]*))?\s*$/

/** A whole operand; undefined: it is none. */
export function readInteger(text: string): number | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? []
  if (digits === undefined) return undefined
  const octal = digits.startsWith('0') && !/^0[xX]/.test(digits) && digits !== '0'
  const value = octal ? Number.parseInt(digits, 8) : Number(digits)
  return sign === '-' ? -value : value
}

/** A whole operand with a point, in thousandths. */
export function readThousandths(text: string): number | undefined {
  const [, sign, digits, behind = ''] = FLOAT.exec(text) ?? []
  if (digits === undefined) return undefined
  const value = Number(digits) * 1000 + Number(behind.slice(0, 3).padEnd(3, '0'))
  return sign === '-' ? -value : value
}

const DIGITS_MAX = 15
const DIGITS_BEFORE_POINT_MAX = 12
const DIGITS_BEHIND_POINT = 3
const ZERO = 48

/** Reads the number that bytes begin with. One for all: it keeps what it has read last. */
export class NumberReader {
  /** Without what is behind the point. */
  whole = 0
  thousandths = 0
  private at = 0
  private digits = 0

  /** False: there is none, or it is too long. `is_float`: as a number with a point. */
  read(bytes: Uint8Array, from: number, end: number, is_float: boolean): boolean {
    let at = from
    while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++
    const is_negative = at < end && bytes[at] === 45
    if (is_negative) at++
    this.at = at
    const whole = this.digitsOf(bytes, end)
    if (this.digits > DIGITS_MAX) return false
    const has_point = this.at < end && bytes[this.at] === 46
    if ((has_point || is_float) && this.digits > DIGITS_BEFORE_POINT_MAX) return false
    const thousandths = has_point ? this.behindPoint(bytes, end) : 0
    if (this.digits === 0) return false
    this.whole = is_negative ? -whole : whole
    this.thousandths = is_negative ? -(whole * 1000 + thousandths) : whole * 1000 + thousandths
    return true
  }

  private digitsOf(bytes: Uint8Array, end: number): number {
    let value = 0
    const first = this.at
    let { at } = this
    // Beyond the limit it is no number at all.
    const stop = Math.min(end, first + DIGITS_MAX + 1)
    for (; at < stop; at++) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    this.at = at
    this.digits = at - first
    return value
  }

  private behindPoint(bytes: Uint8Array, end: number): number {
    let value = 0
    let at = this.at + 1
    let factor = 100
    const stop = Math.min(end, at + DIGITS_BEHIND_POINT)
    for (; at < stop; at++) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) break
      value += digit * factor
      factor /= 10
      this.digits++
    }
    return value
  }
}
