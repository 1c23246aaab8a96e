import { NEED_BITS, PrefixCode } from './huffman.ts'
import { MemberHead } from './member-head.ts'

/** What comes next in a member: a step that finds too few bits for it leaves all as it is, and is taken again when there are more. */
const AT = {
  head: 0,
  /** BFINAL, by itself: it must be known before the byte that it is in is handed on. */
  last: 1,
  type: 2,
  storedLength: 3,
  stored: 4,
  tableSizes: 5,
  codeLengths: 6,
  lengths: 7,
  symbol: 8,
  lengthExtra: 9,
  distance: 10,
  distanceExtra: 11,
  trailer: 12,
  done: 13,
  broken: 14,
} as const
type At = (typeof AT)[keyof typeof AT]

const END_OF_BLOCK = 256
const LITERALS = 286
const DISTANCES = 30
/** In which the lengths of the code lengths' code come (RFC 1951 section 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const TRAILER_BYTES = 8

function fixedCodes(): readonly [PrefixCode, PrefixCode] {
  const lengths = new Uint8Array(320)
  lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288, 320)
  const [literals, distances] = [new PrefixCode(288), new PrefixCode(32)]
  literals.build(lengths, 0, 288)
  distances.build(lengths, 288, 320)
  return [literals, distances]
}

const [FIXED_LITERALS, FIXED_DISTANCES] = fixedCodes()

/**
 * Walks through a gzip member (RFC 1952, RFC 1951) that comes in pieces, and finds where its last block begins and ends, to the bit: what
 * Node's zlib does not tell. It reads the codes and makes nothing of them; whether what they come to is right zlib has to say.
 */
export class GzipWalker {
  /** Of the member: the first byte of its blocks; -1 while that is not known. */
  first_byte = -1
  /** The bit that says that the last block is the last; -1 while that is not known. */
  last_bit = -1
  /** The bit behind the last block; -1 while that is not known. */
  stop_bit = -1
  /** What the blocks come to. */
  out_bytes = 0
  /** As the trailer has it. */
  crc = 0
  private at: At = AT.head
  private readonly head = new MemberHead()
  /** Bytes of earlier pieces. */
  private before_bytes = 0
  private chunk: Uint8Array = new Uint8Array(0)
  private next = 0
  private end = 0
  private hold = 0
  private have = 0
  private isLast = false
  private count = 0
  private literal_count = 0
  private distance_count = 0
  private code_count = 0
  private readonly lengths = new Uint8Array(LITERALS + DISTANCES + 4)
  private readonly codes = new PrefixCode(19)
  private readonly ownLiterals = new PrefixCode(288)
  private readonly ownDistances = new PrefixCode(32)
  private literals = FIXED_LITERALS
  private distances = FIXED_DISTANCES
  private extra_bits = 0
  private distance = 0
  private size = 0

  /** All of it has come, and nothing behind it. */
  get done(): boolean {
    return this.at === AT.done
  }

  /** It is none. */
  get broken(): boolean {
    return this.at === AT.broken
  }

  walk(chunk: Uint8Array): void {
    this.chunk = chunk
    this.next = 0
    this.end = chunk.length
    while (this.at !== AT.broken && this.step());
    this.before_bytes += chunk.length
  }

  /** False: more is needed. */
  private step(): boolean {
    switch (this.at) {
      case AT.head:
        return this.readHead()
      case AT.last:
        return this.readLast()
      case AT.type:
        return this.readType()
      case AT.storedLength:
        return this.readStoredLength()
      case AT.stored:
        return this.passStored()
      case AT.tableSizes:
        return this.readSizes()
      case AT.codeLengths:
        return this.readCodeLengths()
      case AT.lengths:
        return this.readLengths()
      case AT.trailer:
        return this.readTrailer()
      case AT.done:
        return this.next < this.end && this.fail()
      default:
        return this.readSymbols()
    }
  }

  private fail(): false {
    this.at = AT.broken
    return false
  }

  private enter(at: At): true {
    this.at = at
    this.count = 0
    return true
  }

  /** So many bits, up to 25 of them, are in `hold`. */
  private need(bits: number): boolean {
    while (this.have < bits && this.next < this.end) {
      this.hold |= this.chunk[this.next++] << this.have
      this.have += 8
    }
    return this.have >= bits
  }

  private take(bits: number): number {
    const value = this.hold & ((1 << bits) - 1)
    this.hold >>>= bits
    this.have -= bits
    return value
  }

  private get position_bits(): number {
    return (this.before_bytes + this.next) * 8 - this.have
  }

  private readHead(): boolean {
    const { head } = this
    while (!head.over) {
      if (this.next === this.end) return false
      head.take(this.chunk[this.next++])
      if (head.broken) return this.fail()
    }
    this.first_byte = this.before_bytes + this.next
    return this.enter(AT.last)
  }

  private readLast(): boolean {
    if (!this.need(1)) return false
    const bit = this.position_bits
    this.isLast = this.take(1) === 1
    if (this.isLast) this.last_bit = bit
    return this.enter(AT.type)
  }

  private readType(): boolean {
    if (!this.need(2)) return false
    switch (this.take(2)) {
      case 0:
        this.take(this.have & 7)
        return this.enter(AT.storedLength)
      case 1:
        this.literals = FIXED_LITERALS
        this.distances = FIXED_DISTANCES
        return this.enter(AT.symbol)
      case 2:
        return this.enter(AT.tableSizes)
      default:
        return this.fail()
    }
  }

  private readStoredLength(): boolean {
    for (; this.count < 4; this.count++) {
      if (!this.need(8)) return false
      const byte = this.take(8)
      // LEN, then its complement.
      if (this.count === 0) this.size = byte
      else if (this.count === 1) this.size |= byte << 8
      else if (byte !== (((this.size >>> (8 * (this.count - 2))) & 0xff) ^ 0xff)) return this.fail()
    }
    this.out_bytes += this.size
    return this.enter(AT.stored)
  }

  private passStored(): boolean {
    while (this.size > 0 && this.have >= 8) {
      this.take(8)
      this.size--
    }
    const bytes = Math.min(this.size, this.end - this.next)
    this.next += bytes
    this.size -= bytes
    return this.size === 0 && this.endBlock()
  }

  private endBlock(): true {
    if (!this.isLast) return this.enter(AT.last)
    this.stop_bit = this.position_bits
    this.take(this.have & 7)
    return this.enter(AT.trailer)
  }

  private readSizes(): boolean {
    if (!this.need(14)) return false
    this.literal_count = this.take(5) + 257
    this.distance_count = this.take(5) + 1
    this.code_count = this.take(4) + 4
    if (this.literal_count > LITERALS || this.distance_count > DISTANCES) return this.fail()
    this.lengths.fill(0, 0, ORDER.length)
    return this.enter(AT.codeLengths)
  }

  private readCodeLengths(): boolean {
    for (; this.count < this.code_count; this.count++) {
      if (!this.need(3)) return false
      this.lengths[ORDER[this.count]] = this.take(3)
    }
    if (!this.codes.build(this.lengths, 0, ORDER.length)) return this.fail()
    return this.enter(AT.lengths)
  }

  private readLengths(): boolean {
    const total = this.literal_count + this.distance_count
    while (this.count < total) {
      this.need(14)
      const symbol = this.codes.decode(this.hold, this.have)
      if (symbol === NEED_BITS) return false
      if (symbol < 0) return this.fail()
      if (symbol < 16) {
        this.take(this.codes.bits)
        this.lengths[this.count++] = symbol
      } else if (!this.repeat(symbol, total)) return false
    }
    return this.buildCodes()
  }

  /** The length before it, or 0, several times. */
  private repeat(symbol: number, total: number): boolean {
    const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7
    const { bits } = this.codes
    if (this.have < bits + extra) return false
    this.take(bits)
    const times = this.take(extra) + (symbol === 18 ? 11 : 3)
    if ((symbol === 16 && this.count === 0) || this.count + times > total) return this.fail()
    this.lengths.fill(symbol === 16 ? this.lengths[this.count - 1] : 0, this.count, this.count + times)
    this.count += times
    return true
  }

  private buildCodes(): boolean {
    const { lengths, literal_count, distance_count } = this
    // Without an end there is no end.
    if (lengths[END_OF_BLOCK] === 0) return this.fail()
    this.literals = this.ownLiterals
    this.distances = this.ownDistances
    const good =
      this.literals.build(lengths, 0, literal_count) && this.distances.build(lengths, literal_count, literal_count + distance_count)
    return good ? this.enter(AT.symbol) : this.fail()
  }

  /** The inner loop: most of a member is this. */
  private readSymbols(): boolean {
    const { chunk, end, literals } = this
    let { hold, have, next, at } = this
    let going = true
    let symbol = 0
    while (at === AT.symbol && going) {
      while (have <= 24 && next < end) {
        hold |= chunk[next++] << have
        have += 8
      }
      symbol = literals.decode(hold, have)
      if (symbol < 0) going = false
      else {
        hold >>>= literals.bits
        have -= literals.bits
        if (symbol < END_OF_BLOCK) this.out_bytes++
        else at = AT.lengthExtra
      }
    }
    this.hold = hold
    this.have = have
    this.next = next
    if (!going) return symbol === NEED_BITS ? false : this.fail()
    if (at === AT.lengthExtra && this.at === AT.symbol) return this.beginMatch(symbol)
    return this.readMatch()
  }

  private beginMatch(symbol: number): boolean {
    if (symbol === END_OF_BLOCK) return this.endBlock()
    const i = symbol - END_OF_BLOCK - 1
    if (i >= LENGTH_BASE.length) return this.fail()
    this.size = LENGTH_BASE[i]
    this.extra_bits = LENGTH_EXTRA[i]
    return this.enter(AT.lengthExtra) && this.readMatch()
  }

  private readMatch(): boolean {
    if (this.at === AT.lengthExtra) {
      if (!this.need(this.extra_bits)) return false
      this.size += this.take(this.extra_bits)
      this.at = AT.distance
    }
    if (this.at === AT.distance) {
      this.need(15)
      const symbol = this.distances.decode(this.hold, this.have)
      if (symbol === NEED_BITS) return false
      if (symbol < 0 || symbol >= DISTANCES) return this.fail()
      this.take(this.distances.bits)
      this.extra_bits = symbol < 4 ? 0 : (symbol >> 1) - 1
      this.distance = symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << this.extra_bits) + 1
      this.at = AT.distanceExtra
    }
    if (!this.need(this.extra_bits)) return false
    if (this.distance + this.take(this.extra_bits) > this.out_bytes) return this.fail()
    this.out_bytes += this.size
    return this.enter(AT.symbol)
  }

  private readTrailer(): boolean {
    for (; this.count < TRAILER_BYTES; this.count++) {
      if (!this.need(8)) return false
      const value = this.take(8) * 2 ** (8 * (this.count & 3))
      if (this.count < 4) this.crc = this.count === 0 ? value : this.crc + value
      else this.size = this.count === 4 ? value : this.size + value
    }
    return this.size === this.out_bytes % 2 ** 32 ? this.enter(AT.done) : this.fail()
  }
}
