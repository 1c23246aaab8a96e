import { interned } from '../../http/known-blocks.ts'

/** Longer ones have no number. */
const LENGTH_MAX = 1024
/** With what they are made of some 0.5 MB, 4 at worst. */
const TEXTS_MAX = 4096
const SEEN = 4096

export interface NumberedText {
  /** Above 0, and never another text's. */
  readonly id: number
  /** The same string each time: to compare it with itself takes no look at its characters. */
  readonly text: string
}

/** Numbers for texts that come again: a text has one from the second time on, so that what comes once takes no room. Bounded: when it is full it begins anew. */
export class Texts {
  private readonly known = new Map<string, NumberedText>()
  private readonly seen = new Int32Array(SEEN)
  private last = 0

  /** Undefined: it has not been seen before, or not lately, or is long. */
  find(text: string): NumberedText | undefined {
    const known = this.known.get(text)
    if (known !== undefined) return known
    if (text.length > LENGTH_MAX) return undefined
    const hash = hashOf(text)
    const place = (hash ^ (hash >>> 15)) & (SEEN - 1)
    if (this.seen[place] === hash) return this.add(text)
    this.seen[place] = hash
    return undefined
  }

  /** Of what came from a text that has one. */
  add(text: string): NumberedText | undefined {
    if (text.length > LENGTH_MAX) return undefined
    const before = this.known.get(text)
    if (before !== undefined) return before
    if (this.known.size >= TEXTS_MAX) this.known.clear()
    // Not a slice of the head that it came with, which would be kept with it.
    const added = { id: ++this.last, text: interned(text) }
    this.known.set(added.text, added)
    return added
  }
}

function hashOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
