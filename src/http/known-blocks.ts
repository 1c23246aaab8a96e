import { Fields } from './fields.ts'

/** Longer blocks are parsed each time. */
const BLOCK_MAX_BYTES = 2048
/** With what a block holds, 4 MB at worst. */
const SLOTS = 256
/** A hash is made of so many words of a block, twice as many at most: 32, as a power of two. */
const HASHED_WORDS_LOG2 = 5
/** A slot whose blocks are of no use learns one in so many, in the end. */
const PATIENCE_MAX = 1024

/** A block of field lines that came before, byte for byte, behind a GET or HEAD in origin-form. */
export class KnownBlock {
  /** As parsed. Never changed: heads get copies. */
  readonly fields = new Fields()
  readonly http11: boolean
  readonly keep_alive: boolean
  /** Longest field line. */
  readonly line_bytes: number
  readonly slot: number
  /** Target of the last request that came with it. */
  url = ''
  /** The first Host of the block. */
  readonly host: string | undefined
  /** For whoever makes a key of `url` and `host`: that key, '' when there is none. */
  key = ''
  private readonly words: Uint32Array
  private readonly size_bytes: number
  /** The bytes behind the last whole word. */
  private readonly tail: Uint8Array

  constructor(bytes: Buffer, start: number, end: number, fields: Fields, http11: boolean, keep_alive: boolean, slot: number) {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    this.size_bytes = end - start
    this.words = new Uint32Array(this.size_bytes >> 2)
    for (let i = 0; i < this.words.length; i++) this.words[i] = view.getUint32(start + 4 * i, true)
    this.tail = Uint8Array.from(bytes.subarray(start + 4 * this.words.length, end))
    this.fields.copyFrom(fields)
    for (let i = 0; i < fields.count; i++) this.fields.values[i] = interned(fields.values[i])
    this.host = fields.get('host')
    this.http11 = http11
    this.keep_alive = keep_alive
    this.slot = slot
    this.line_bytes = longestLine(fields)
  }

  equals(view: DataView, start: number, end: number): boolean {
    if (end - start !== this.size_bytes) return false
    const { words, tail } = this
    let at = start
    for (let i = 0; i < words.length; i++, at += 4) if (view.getUint32(at, true) !== words[i]) return false
    for (let i = 0; i < tail.length; i++, at++) if (view.getUint8(at) !== tail[i]) return false
    return true
  }
}

/**
 * Field lines that come again and again: a client sends the same ones with every request of a page. Known blocks are found by their bytes,
 * all of which are compared, so that nothing needs to be parsed. A block is learnt when it comes a second time; it takes the slot of its
 * hash from the one before, so this never grows. Blocks that differ only where the hash does not look, as by a number that counts, seem to
 * come again and do not: a slot learns half as often each time what it has learnt was of no use.
 */
export class KnownBlocks {
  private readonly blocks: (KnownBlock | undefined)[] = Array<KnownBlock | undefined>(SLOTS).fill(undefined)
  private readonly hashes = new Int32Array(SLOTS)
  /** How many seeming returns a slot still lets pass, and how many it lets pass after its next block. */
  private readonly waits = new Int32Array(SLOTS)
  private readonly patience = new Int32Array(SLOTS)
  private viewed: Buffer = Buffer.alloc(0)
  private view = new DataView(this.viewed.buffer, 0, 0)
  /** Where the block that was last looked for is to be learnt, -1: it is not. */
  private due = -1

  /** The block buffer[start, end). The end of the bytes at hand must be the end of the head, or it is not found. */
  find(buffer: Buffer, start: number, end: number, http11: boolean): KnownBlock | undefined {
    this.due = -1
    if (end - start > BLOCK_MAX_BYTES || end - start < 4) return undefined
    if (buffer !== this.viewed) this.look(buffer)
    const hash = hashOf(this.view, start, end) ^ (http11 ? 1 : 0)
    const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1)
    if (this.hashes[slot] !== hash) {
      this.hashes[slot] = hash
      return undefined
    }
    const known = this.blocks[slot]
    if (known !== undefined && known.http11 === http11 && known.equals(this.view, start, end)) {
      this.patience[slot] = 0
      return known
    }
    if (this.waits[slot] === 0) this.due = slot
    else this.waits[slot]--
    return undefined
  }

  /** What the block that was last looked for has come to. */
  learn(buffer: Buffer, start: number, end: number, fields: Fields, http11: boolean, keep_alive: boolean): void {
    const slot = this.due
    if (slot < 0) return
    this.due = -1
    const patience = this.patience[slot]
    this.waits[slot] = patience
    this.patience[slot] = Math.min(PATIENCE_MAX, patience * 2 + 1)
    this.blocks[slot] = new KnownBlock(buffer, start, end, fields, http11, keep_alive, slot)
  }

  private look(buffer: Buffer): void {
    this.viewed = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }
}

/**
 * The same text as the string that V8 has in its table of names. Values are slices of the head that they came with, and to compare two slices takes a call into the
 * runtime, about 100 ns; of two names the addresses are compared. What clients have in common is one string then.
 */
export function interned(text: string): string {
  const holder = Object.create(null) as Record<string, true>
  holder[text] = true
  for (const name in holder) return name
  return text
}

/** Of all words of a short block, of every n-th of a long one. */
function hashOf(view: DataView, start: number, end: number): number {
  const step = 4 * Math.max(1, (end - start) >> (2 + HASHED_WORDS_LOG2))
  let hash = end - start
  for (let at = start; at + 4 <= end; at += step) hash = Math.imul(hash ^ view.getUint32(at, true), 0x9e3779b1) ^ (hash >>> 15)
  return hash
}

function longestLine({ count, names, values }: Fields): number {
  let longest = 0
  for (let i = 0; i < count; i++) longest = Math.max(longest, names[i].length + values[i].length + 2)
  return longest
}
