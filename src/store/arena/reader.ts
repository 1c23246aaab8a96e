import type { BodyReader } from '../contract.ts'
import type { ListedReader } from '../reader-list.ts'
import type { ArenaBody } from './body.ts'

/** One follower of a body: through the pieces that lie in the arena, then, if the body outgrew its room, through a window. */
export class ArenaReader implements BodyReader, ListedReader<ArenaReader> {
  onMore: (() => void) | undefined = undefined
  before: ArenaReader | undefined = undefined
  after: ArenaReader | undefined = undefined
  idle: boolean
  busy = false
  position_bytes: number
  /** Takes over at the end of what lies in the arena. */
  overflow: BodyReader | undefined = undefined
  /** For the disk. */
  waiting = false
  /** The piece that was waited for last. */
  thawed = 0
  private released = false
  private piece = 0
  private offset = 0
  private located = false
  private readonly body: ArenaBody

  constructor(body: ArenaBody, from_bytes: number) {
    this.body = body
    this.position_bytes = from_bytes
    this.idle = from_bytes >= body.kept_bytes
  }

  get done(): boolean {
    return this.overflow === undefined ? this.body.state === 'complete' && this.atEnd : this.overflow.done
  }

  get failed(): boolean {
    return this.overflow === undefined ? this.body.state === 'failed' && this.atEnd : this.overflow.failed
  }

  get stirred(): boolean {
    return this.idle && !this.atEnd
  }

  next(): Buffer | undefined {
    if (this.released) return undefined
    this.busy = true
    const view = this.atEnd ? this.fromOverflow() : this.advance()
    this.busy = false
    return view
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.onMore = undefined
    this.overflow?.release()
    this.body.leave(this)
  }

  /** The body goes on in a window. */
  continueWith(overflow: BodyReader): void {
    this.overflow = overflow
    overflow.onMore = () => {
      if (this.atEnd || overflow.done || overflow.failed) this.onMore?.()
    }
  }

  /** The disk has brought the piece. */
  resume(place: number): void {
    this.waiting = false
    this.thawed = place
    this.onMore?.()
  }

  private get atEnd(): boolean {
    return this.position_bytes >= this.body.kept_bytes
  }

  private fromOverflow(): Buffer | undefined {
    this.idle = true
    // The arena's part is behind it.
    if (this.overflow !== undefined) return this.overflow.next()
    return undefined
  }

  private advance(): Buffer | undefined {
    const { body } = this
    if (!this.located) this.locate()
    if (this.offset === body.filledOf(this.piece) && this.piece + 1 < body.pieceCount) {
      this.piece++
      this.offset = 0
    }
    if (!body.offers(this.piece, this)) return undefined
    const view = this.announced(body.view(this.piece, this.offset))
    this.offset += view.length
    this.position_bytes += view.length
    this.idle = this.atEnd
    return view
  }

  /** Another thread may have filled more than all readers here have been told of: none of them is ahead of the others. */
  private announced(view: Buffer): Buffer {
    const left_bytes = this.body.kept_bytes - this.position_bytes
    return view.length > left_bytes ? view.subarray(0, left_bytes) : view
  }

  /** Finds piece and offset of the byte to begin with, once it is there. */
  private locate(): void {
    let left = this.position_bytes
    let piece = 0
    for (; piece < this.body.pieceCount - 1 && left >= this.body.filledOf(piece); piece++) left -= this.body.filledOf(piece)
    this.piece = piece
    this.offset = left
    this.located = true
  }
}
