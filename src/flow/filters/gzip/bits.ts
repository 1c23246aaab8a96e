import { MemberHead } from './member-head.ts'
import { GzipWalker } from './walker.ts'

/**
 * Where in a gzip member its blocks begin, where the bit is that says of a block that it is the last, and where that block ends; as the log's
 * Gzip record has them, counted in bits. 0: not known.
 */
export interface GzipBits {
  readonly first_bit: number
  readonly last_bit: number
  readonly stop_bit: number
}

export const NO_BITS: GzipBits = { first_bit: 0, last_bit: 0, stop_bit: 0 }
/** Of a header without names, times and the like, which is that of members that are made here. */
export const PLAIN_HEAD_BITS = 80

/** Of a member that is all there: it takes about as long as unpacking it does (bench/micro/gzip-walk.ts), and is for small ones. */
export function bitsOf(member: Buffer): GzipBits {
  const walker = new GzipWalker()
  walker.walk(member)
  const { first_byte, last_bit, stop_bit } = walker
  return { first_bit: Math.max(0, first_byte * 8), last_bit: Math.max(0, last_bit), stop_bit: Math.max(0, stop_bit) }
}

/** Of one that comes in pieces: where its blocks begin. */
export class FirstBit {
  private head: MemberHead | undefined = undefined
  private bytes = 0
  private bit = 0

  take(chunk: Buffer): void {
    if (this.bit !== 0 || this.head?.broken === true) return
    const head = (this.head ??= new MemberHead())
    for (let i = 0; i < chunk.length && !head.over && !head.broken; i++) {
      head.take(chunk[i])
      this.bytes++
    }
    if (head.over) this.bit = this.bytes * 8
  }

  get bits(): GzipBits {
    return this.bit === 0 ? NO_BITS : { ...NO_BITS, first_bit: this.bit }
  }
}
