/**
 * CRC-32 of two strings of bytes one behind the other, from the CRC of each (as zlib's crc32_combine): the first is moved on by the length
 * of the second, which is a multiplication by a power of x modulo the polynomial. Bits are reflected: x^0 is the highest.
 */

const POLYNOMIAL = 0xedb88320
const ONE = 0x80000000

/** x^(2^n) for n from 0 to 31; from then on they begin again, for x^(2^32) is x. */
const POWERS = powers()

function powers(): Uint32Array {
  const table = new Uint32Array(32)
  table[0] = ONE >>> 1
  for (let n = 1; n < table.length; n++) table[n] = multiply(table[n - 1], table[n - 1])
  return table
}

/** The product of two polynomials; `a` is not 0. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL
  }
  return product >>> 0
}

/** x^(8 * bytes). */
function shiftBy(bytes: number): number {
  let shift = ONE
  let power = 3
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(POWERS[power], shift)
    power = (power + 1) & 31
  }
  return shift
}

/** Pages are made of the same few lengths again and again. When full, all is forgotten at once. */
const shifts = new Map<number, number>()
const MAX_SHIFTS = 1024

/** `length_bytes`: exact, not modulo anything. */
export function crc32Combine(first: number, second: number, length_bytes: number): number {
  if (length_bytes === 0 || first === 0) return (first ^ second) >>> 0
  let shift = shifts.get(length_bytes)
  if (shift === undefined) {
    if (shifts.size >= MAX_SHIFTS) shifts.clear()
    shifts.set(length_bytes, (shift = shiftBy(length_bytes)))
  }
  return (multiply(shift, first) ^ second) >>> 0
}
