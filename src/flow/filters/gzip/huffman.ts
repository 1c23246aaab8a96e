/** Prefix codes of deflate (RFC 1951 section 3.2.2): decoded by a table of short codes, longer ones bit by bit. */

const CODE_MAX_BITS = 15
const TABLE_BITS = 9
const TABLE_MASK = (1 << TABLE_BITS) - 1
/** Result of `decode`: more bits are needed. */
export const NEED_BITS = -1
/** The same: there is no such code. */
const NO_CODE = -2

export class PrefixCode {
  /** By the next bits: symbol << 4 | length; 0 where the code is longer, or none. */
  private readonly table = new Uint16Array(1 << TABLE_BITS)
  /** Symbols in the order of their codes. */
  private readonly symbols: Uint16Array
  /** How many there are of each length. */
  private readonly counts = new Uint16Array(CODE_MAX_BITS + 1)
  private readonly offsets = new Uint16Array(CODE_MAX_BITS + 1)
  /** Bits of the symbol that was decoded last. */
  bits = 0

  constructor(symbols_max: number) {
    this.symbols = new Uint16Array(symbols_max)
  }

  /** From the lengths of the codes of symbols 0 and up. False: no prefix code, or one that zlib would not take. */
  build(lengths: Uint8Array, from: number, to: number): boolean {
    const { counts, offsets, symbols } = this
    counts.fill(0)
    for (let i = from; i < to; i++) counts[lengths[i]]++
    const used = to - from - counts[0]
    counts[0] = 0
    let left = 1
    for (let bits = 1; bits <= CODE_MAX_BITS; bits++) {
      left = left * 2 - counts[bits]
      if (left < 0) return false
    }
    // Codes that are missing are permitted where there is one of one bit at most.
    if (left > 0 && !(used === 0 || (used === 1 && counts[1] === 1))) return false
    offsets[1] = 0
    for (let bits = 1; bits < CODE_MAX_BITS; bits++) offsets[bits + 1] = offsets[bits] + counts[bits]
    for (let i = from; i < to; i++) if (lengths[i] !== 0) symbols[offsets[lengths[i]]++] = i - from
    this.fill()
    return true
  }

  /** The symbol that the bits begin with, of which `have` are there. */
  decode(hold: number, have: number): number {
    const entry = this.table[hold & TABLE_MASK]
    const bits = entry & 15
    if (bits === 0) return this.decodeLong(hold, have)
    if (bits > have) return NEED_BITS
    this.bits = bits
    return entry >>> 4
  }

  private fill(): void {
    const { counts, symbols, table } = this
    table.fill(0)
    let code = 0
    let at = 0
    for (let bits = 1; bits <= TABLE_BITS; bits++) {
      for (let n = counts[bits]; n > 0; n--) {
        const entry = (symbols[at++] << 4) | bits
        for (let i = reversed(code++, bits); i <= TABLE_MASK; i += 1 << bits) table[i] = entry
      }
      code <<= 1
    }
  }

  /** Codes of one length are numbers in a row: bit by bit, until it is one of them. */
  private decodeLong(hold: number, have: number): number {
    let code = 0
    let first = 0
    let at = 0
    const limit = Math.min(have, CODE_MAX_BITS)
    for (let bits = 1; bits <= limit; bits++) {
      code |= (hold >>> (bits - 1)) & 1
      const count = this.counts[bits]
      if (code - count < first) {
        this.bits = bits
        return this.symbols[at + code - first]
      }
      at += count
      first = (first + count) << 1
      code <<= 1
    }
    return limit < CODE_MAX_BITS ? NEED_BITS : NO_CODE
  }
}

function reversed(code: number, bits: number): number {
  let left = code
  let result = 0
  for (let i = 0; i < bits; i++) {
    result = (result << 1) | (left & 1)
    left >>>= 1
  }
  return result
}
