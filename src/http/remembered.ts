import { codeAt } from '../base/characters.ts'

/** Texts longer than this are seldom the same twice. */
const LENGTH_MAX = 64
const SLOTS = 1024

interface Latin1Source extends Uint8Array {
  latin1Slice(start: number, end: number): string
}

/**
 * Texts that come again and again as bytes: an origin's field names, and values like its Server and the Date of a second. Known
 * ones are found by their bytes, so that no string is made, and equal texts are one string. Bounded: a text that comes a second time
 * takes the slot of its hash from the one before.
 */
export class Remembered {
  readonly texts: string[] = Array<string>(SLOTS).fill('')
  /** The same in lower case. */
  readonly keys: string[] = Array<string>(SLOTS).fill('')
  private readonly hashes = new Int32Array(SLOTS)

  /** Where the text of bytes[0, end) is now, or -1: it was not seen lately, or is empty or long. */
  find(bytes: Uint8Array, end: number): number {
    if (end === 0 || end > LENGTH_MAX) return -1
    let hash = end
    for (let i = 0; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
    if (this.hashes[slot] !== hash) {
      this.hashes[slot] = hash
      this.texts[slot] = ''
      return -1
    }
    if (!isText(this.texts[slot], bytes, end)) this.learn(slot, bytes, end)
    return slot
  }

  private learn(slot: number, bytes: Uint8Array, end: number): void {
    const text = (bytes as Latin1Source).latin1Slice(0, end)
    this.texts[slot] = text
    this.keys[slot] = text.toLowerCase()
  }
}

function isText(text: string, bytes: Uint8Array, end: number): boolean {
  if (text.length !== end) return false
  for (let i = 0; i < end; i++) if (codeAt(text, i) !== bytes[i]) return false
  return true
}
