import { CLIENT, XID_MASK } from './format.ts'
import type { RingMemory } from './ring.ts'
import { BATCH, END, RingView, WRAP } from './ring.ts'
import { tagName } from './tags.ts'

/** Records as they stand in a ring, oldest first. */

export interface LogRecord {
  /** Its number in this program. */
  readonly tag: number
  readonly name: string
  readonly xid: number
  readonly side: 'client' | 'backend' | 'none'
  /** Without its NUL, latin1. */
  readonly text: string
}

/** A reader keeps this many segments away from the writer, who may reuse what is older at any moment. */
const BACK_MAX = 5

/** All records of the ring from the oldest that is safe to read to the newest. */
export function* readRing(memory: RingMemory): Generator<LogRecord> {
  const ring = new RingView(memory)
  const bytes = Buffer.from(memory, ring.words.byteOffset, ring.words.byteLength)
  const { header_words, tags } = ring.format
  let at = oldest(ring)
  for (;;) {
    const first = Atomics.load(ring.words, at)
    if (first === END) return
    if (first === WRAP) {
      at = 0
    } else if (first === BATCH) {
      at += header_words
    } else {
      const length = first & 0xffff
      const start = (at + header_words) * 4
      yield decode(
        tags[first >>> 24],
        ring.words[at + 1],
        ring.words[at + header_words - 1],
        bytes.toString('latin1', start, start + length),
      )
      at += header_words + ((length + 3) >> 2)
    }
  }
}

function oldest(ring: RingView): number {
  const newest = ring.segment
  for (let back = BACK_MAX; back > 0; back--) {
    const offset = ring.offset((newest - back) & 7)
    if (offset >= 0) return offset
  }
  return Math.max(0, ring.offset(newest & 7))
}

function decode(tag: number, id: number, sides: number, text: string): LogRecord {
  const side = sides >>> 31 === 1 ? 'backend' : (sides & CLIENT) === 0 ? 'none' : 'client'
  return { tag, name: tagName(tag) ?? `tag ${tag}`, xid: id & XID_MASK, side, text: text.endsWith('\0') ? text.slice(0, -1) : text }
}
