import type { BodyReader } from '../contract.ts'
import type { ListedReader } from '../reader-list.ts'
import type { Extents } from './extents.ts'
import type { HeapBody } from './body.ts'

/** One follower of a body: a place in its extents. */
export class HeapReader implements BodyReader, ListedReader<HeapReader> {
  onMore: (() => void) | undefined = undefined
  /** Neighbours in the body's list of readers. */
  before: HeapReader | undefined = undefined
  after: HeapReader | undefined = undefined
  /** Start and end of the view handed out last; what lies before `held_bytes` is consumed. */
  held_bytes: number
  position_bytes: number
  /** Everything there was has been read: the next append concerns this reader. */
  idle: boolean
  /** Inside `next`: it will see what comes in meanwhile and must not be called back. */
  busy = false
  private released = false
  /** It waits for a byte beyond the end, and has no extent yet. */
  private ahead: boolean
  private extent = 0
  private offset = 0
  private readonly body: HeapBody
  private readonly extents: Extents

  constructor(body: HeapBody, extents: Extents, from_bytes: number) {
    this.body = body
    this.extents = extents
    this.held_bytes = from_bytes
    this.position_bytes = from_bytes
    this.idle = from_bytes >= extents.end_bytes
    this.ahead = from_bytes > extents.end_bytes
    if (!this.ahead) this.locate()
  }

  get done(): boolean {
    return this.body.state === 'complete' && this.position_bytes >= this.extents.end_bytes
  }

  get failed(): boolean {
    return this.body.state === 'failed' && this.position_bytes >= this.extents.end_bytes
  }

  /** Bytes came in after everything had been read. */
  get stirred(): boolean {
    return this.idle && this.position_bytes < this.extents.end_bytes
  }

  next(): Buffer | undefined {
    if (this.released) return undefined
    this.busy = true
    const from = this.held_bytes
    this.held_bytes = this.position_bytes
    // First: a writer that goes on synchronously adds to what this call returns.
    this.body.consumed(from, this.held_bytes)
    this.busy = false
    return this.released ? undefined : this.advance()
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.onMore = undefined
    this.body.leave(this)
  }

  /** Finds extent and offset of `position_bytes`: at the start, and when pieces were joined. */
  locate(): void {
    const extents = this.extents
    if (this.position_bytes > extents.end_bytes) return
    this.ahead = false
    let left = this.position_bytes - extents.start_bytes
    let i = 0
    for (; i < extents.pieces.length - 1 && left >= extents.pieces[i].length; i++) left -= extents.pieces[i].length
    this.extent = extents.dropped + i
    this.offset = left
  }

  private advance(): Buffer | undefined {
    const extents = this.extents
    this.idle = true
    if (this.position_bytes >= extents.end_bytes) return undefined
    if (this.ahead) this.locate()
    if (this.extent < extents.dropped || this.offset === extents.filled(this.extent)) {
      this.extent = Math.max(this.extent + 1, extents.dropped)
      this.offset = 0
    }
    const view = extents.view(this.extent, this.offset)
    this.offset += view.length
    this.position_bytes += view.length
    this.idle = this.position_bytes === extents.end_bytes
    return view
  }
}
