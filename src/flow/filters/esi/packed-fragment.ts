import { LRUCache } from 'lru-cache'
import type { Body } from '../../../store/contract.ts'
import { Strip } from '../gzip/strip.ts'
import type { GzipWalker } from '../gzip/walker.ts'
import type { Fragment } from './fragment.ts'
import type { PageOutput } from './page-output.ts'

/** What of a fragment that still comes is held back: as long as nothing of it has left it can be left out. */
const HELD_MAX_BYTES = 64 * 1024
/** Bodies up to this size are remembered as they stand in pages; of larger ones where their last block is. */
const SMALL_BYTES = 16 * 1024
/** What of gzip is walked through in the time of an include (bench/micro/gzip-walk.ts). */
const UNIT_BYTES = 1024

interface Walked {
  readonly walker: GzipWalker
  /** Undefined: too many to be remembered. */
  readonly blocks: Buffer | undefined
}

/** By the body itself: it is the same for as long as a worker remembers its object. A walker has tables of some kilobytes. */
const remembered = new LRUCache<Body, Walked>({
  maxSize: 8 * 1024 * 1024,
  sizeCalculation: ({ blocks }) => (blocks === undefined ? 0 : blocks.length) + 6 * 1024,
})

/** It goes on; all of it is there; it could not be had, and nothing of it is there; it broke in the middle. */
export type Progress = 'open' | 'done' | 'absent' | 'torn'

/** A fragment that is gzip, on its way into a page that is: its blocks, as they can stand among others. */
export class PackedFragment {
  private readonly fragment: Fragment
  private readonly body: Body
  /** Made when it is needed: most fragments are remembered. */
  private strip: Strip | undefined = undefined
  private readonly held: Buffer[] = []
  private held_bytes = 0
  /** Something of it has left. */
  private given = false
  private fed = false

  constructor(fragment: Fragment, body: Body) {
    this.fragment = fragment
    this.body = body
  }

  /** Puts the next of it there, if there is any; call it again when that was taken. `later`: has itself called again in a later turn. */
  advance(output: PageOutput, later: () => void): Progress {
    if (this.fragment.isWhole && !this.fed) {
      const progress = this.fromMemory(output)
      if (progress !== undefined) return progress
    }
    if (output.rests(later)) return 'open'
    return this.walk(output, (this.strip ??= new Strip()))
  }

  private walk(output: PageOutput, strip: Strip): Progress {
    const { fragment } = this
    for (;;) {
      const piece = strip.next()
      if (piece !== undefined) {
        if (this.place(piece, output)) return 'open'
        continue
      }
      if (strip.walker.broken) return this.lost()
      const chunk = fragment.next()
      if (chunk === undefined) return fragment.done ? this.finish(output, strip.walker) : 'open'
      this.fed = true
      strip.feed(chunk)
    }
  }

  /** What is complete has been checked, and leaves as it is. False: it is held back. */
  private place(piece: Buffer, output: PageOutput): boolean {
    output.took(piece.length / UNIT_BYTES)
    if (this.fragment.isWhole || this.given) {
      this.given = true
      output.part(piece)
      return true
    }
    this.held.push(Buffer.from(piece))
    this.held_bytes += piece.length
    if (this.held_bytes <= HELD_MAX_BYTES) return false
    this.letGo(output)
    return true
  }

  private letGo(output: PageOutput): void {
    this.given = true
    for (const piece of this.held) output.part(piece)
    this.held.length = 0
  }

  private lost(): Progress {
    return this.given ? 'torn' : 'absent'
  }

  private finish(output: PageOutput, walker: GzipWalker): Progress {
    const { fragment, body } = this
    if (fragment.failed) return this.lost()
    // It has no body: an answer to HEAD, say.
    if (!this.fed) return 'done'
    if (!walker.done) return this.lost()
    this.letGo(output)
    output.sum(walker.crc, walker.out_bytes)
    if (fragment.isWhole) remembered.set(body, { walker, blocks: undefined })
    return 'done'
  }

  /** Undefined: it is to be walked through, or cut; or nothing of its body is for this client (HEAD, a status that has none). */
  private fromMemory(output: PageOutput): Progress | undefined {
    const whole = this.fragment.next()
    if (whole === undefined) return undefined
    this.fed = true
    const known = remembered.get(this.body)
    if (known?.blocks !== undefined) return this.put(output, known.walker, known.blocks)
    const strip = (this.strip = new Strip(known?.walker))
    strip.feed(whole)
    return whole.length <= SMALL_BYTES ? this.atOnce(output, strip) : undefined
  }

  private atOnce(output: PageOutput, strip: Strip): Progress {
    const { body } = this
    const pieces: Buffer[] = []
    for (let piece = strip.next(); piece !== undefined; piece = strip.next()) pieces.push(piece)
    const { walker } = strip
    if (!walker.done) return 'absent'
    const blocks = Buffer.concat(pieces)
    output.took(blocks.length / UNIT_BYTES)
    remembered.set(body, { walker, blocks })
    return this.put(output, walker, blocks)
  }

  private put(output: PageOutput, walker: GzipWalker, blocks: Buffer): Progress {
    output.blocks(blocks, walker.crc, walker.out_bytes)
    return 'done'
  }
}
