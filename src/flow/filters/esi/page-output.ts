import { crc32 } from 'node:zlib'
import { crc32Combine } from '../../../base/crc32.ts'
import type { FilterCount } from '../filter-count.ts'
import { turns as workersTurns, type Turns } from '../turns.ts'
import { FRAME, type Found } from './frames.ts'
import type { Sections } from './sections.ts'

/** How a page leaves: as it is; as one gzip member; as its blocks alone, to be part of another's. */
export type PageForm = 'plain' | 'gzip' | 'blocks'

/** Of a member that is made here (RFC 1952 section 2.3): no name, no time, by Unix. */
const HEAD = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03])
/** A stored block of nothing, which is the last. */
const LAST_BLOCK = Buffer.from([0x01, 0x00, 0x00, 0xff, 0xff])
/** What is small leaves together: each piece is a chunk of its own to the client. */
const TOGETHER_BYTES = 4 * 1024
/** The share of one page in a turn: some hundred microseconds of work. */
const SHARE_UNITS = 32
/** Bytes whose unpacking is about as much work as an include. */
const UNIT_BYTES = 4 * 1024
/** Of a stored block (RFC 1951 section 3.2.4). */
const STORED_MAX_BYTES = 0xffff

/** What a page is made of, in the form in which it leaves: what is packed already is not packed again. */
export class PageOutput {
  readonly form: PageForm
  /** Of what has been given out: of all of it, when it is over. */
  crc = 0
  plain_bytes = 0
  /** Blocks have been put out whose sum has not been told. */
  private open = false
  /** Of sections that are unpacked. */
  private readonly count: FilterCount | undefined
  /** Of the share, what has been taken. */
  private taken_units = 0
  private resting = false
  private readonly turns: Turns
  private readonly sections: Sections
  private readonly ready: Buffer[] = []
  private begun = false
  private ended = false

  constructor(form: PageForm, sections: Sections, count?: FilterCount, turns = workersTurns) {
    this.turns = turns
    this.form = form
    this.sections = sections
    this.count = count
  }

  /** The next piece; it holds as long as what was given. */
  next(): Buffer | undefined {
    const { ready } = this
    if (ready.length < 2 || ready[0].length + ready[1].length > TOGETHER_BYTES) return ready.shift()
    let count = 0
    let bytes = 0
    while (count < ready.length && bytes + ready[count].length <= TOGETHER_BYTES) bytes += ready[count++].length
    return Buffer.concat(ready.splice(0, count), bytes)
  }

  get isEmpty(): boolean {
    return this.ready.length === 0
  }

  get isOver(): boolean {
    return this.ended && this.ready.length === 0
  }

  /** So much has been unpacked, or included, that others are to have their turn: then `later` is called, once, when it is this page's again. */
  rests(later: () => void): boolean {
    if (this.resting) return true
    if (this.taken_units < SHARE_UNITS && !this.turns.over) return false
    this.resting = true
    this.turns.wait(() => {
      this.resting = false
      this.taken_units = 0
      later()
    })
    return true
  }

  /** Of the page's share: a unit is what an include costs, which has been begun or left out. */
  took(units: number): void {
    this.taken_units += units
    this.turns.spend(units)
  }

  /** Does what has left end with a block? */
  get isWhole(): boolean {
    return !this.open && this.ready.length === 0
  }

  /** Bytes of the page. */
  page(found: Found): void {
    const { bytes } = found
    if (bytes === undefined) return
    if (found.kind !== FRAME.section) return this.plain(bytes)
    if (this.form !== 'plain') return this.blocks(bytes, found.crc, found.plain_bytes)
    this.count?.unpacked(bytes, found.plain_bytes)
    this.took(found.plain_bytes / UNIT_BYTES)
    this.ready.push(this.sections.unpack(found, bytes))
  }

  /** What is not packed. */
  plain(bytes: Buffer): void {
    if (this.form === 'plain') {
      this.ready.push(bytes)
      return
    }
    this.begin()
    this.crc = crc32(bytes, this.crc)
    this.plain_bytes += bytes.length
    for (let at = 0; at < bytes.length; at += STORED_MAX_BYTES) {
      const part = bytes.length <= STORED_MAX_BYTES ? bytes : bytes.subarray(at, at + STORED_MAX_BYTES)
      this.ready.push(storedHead(part.length), part)
    }
  }

  /** Blocks that end with a byte, none of them the last, and what they come to. */
  blocks(bytes: Buffer, crc: number, plain_bytes: number): void {
    this.part(bytes)
    this.sum(crc, plain_bytes)
  }

  /** A part of such blocks, whose sum is told at their end. */
  part(bytes: Buffer): void {
    this.begin()
    this.open = true
    this.ready.push(bytes)
  }

  sum(crc: number, plain_bytes: number): void {
    this.open = false
    this.crc = crc32Combine(this.crc, crc, plain_bytes)
    this.plain_bytes += plain_bytes
  }

  /** There is no more: what it has to end with. */
  end(): void {
    if (this.ended) return
    this.ended = true
    this.sections.end()
    if (this.form !== 'gzip') return
    this.begin()
    const tail = Buffer.allocUnsafe(LAST_BLOCK.length + 8)
    LAST_BLOCK.copy(tail)
    tail.writeUInt32LE(this.crc, LAST_BLOCK.length)
    tail.writeUInt32LE(this.plain_bytes % 2 ** 32, LAST_BLOCK.length + 4)
    this.ready.push(tail)
  }

  private begin(): void {
    if (this.begun) return
    this.begun = true
    if (this.form === 'gzip') this.ready.push(HEAD)
  }
}

function storedHead(length_bytes: number): Buffer {
  const head = Buffer.allocUnsafe(LAST_BLOCK.length)
  head[0] = 0
  head.writeUInt16LE(length_bytes, 1)
  head.writeUInt16LE(~length_bytes & 0xffff, 3)
  return head
}
