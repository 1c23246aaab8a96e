import type { Body, BodyReader } from './contract.ts'

interface Text {
  readonly text: Buffer
}

interface Stretch {
  readonly reader: BodyReader
  left_bytes: number
}

/**
 * Pieces of bodies, and texts between them, read as one. What it reads it holds from the beginning: a piece whose turn comes late has
 * not gone meanwhile. A piece that ends early is the end of all: it has failed.
 */
export class Assembly implements BodyReader {
  private readonly pieces: (Text | Stretch)[] = []
  private at = 0
  private released = false
  private wake: (() => void) | undefined = undefined

  addText(text: Buffer): void {
    this.pieces.push({ text })
  }

  add(body: Body, from_bytes: number, length_bytes: number): void {
    if (length_bytes > 0) this.pieces.push({ reader: body.read(from_bytes), left_bytes: length_bytes })
  }

  /** What would come now is not there. */
  addGap(): void {
    this.pieces.push({ reader: NOTHING, left_bytes: 1 })
  }

  next(): Buffer | undefined {
    for (let piece = this.current; piece !== undefined; piece = this.current) {
      if ('text' in piece) {
        this.at++
        return piece.text
      }
      if (piece.left_bytes > 0) return this.from(piece)
      piece.reader.onMore = undefined
      this.at++
    }
    return undefined
  }

  get done(): boolean {
    const piece = this.current
    return piece === undefined || ('reader' in piece && piece.left_bytes === 0 && this.at === this.pieces.length - 1)
  }

  get failed(): boolean {
    const piece = this.current
    return piece !== undefined && 'reader' in piece && piece.left_bytes > 0 && (piece.reader.failed || piece.reader.done)
  }

  get onMore(): (() => void) | undefined {
    return this.wake
  }

  set onMore(wake: (() => void) | undefined) {
    this.wake = wake
    const piece = this.current
    if (piece !== undefined && 'reader' in piece) piece.reader.onMore = wake
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.wake = undefined
    for (const piece of this.pieces) if ('reader' in piece) piece.reader.release()
    this.at = this.pieces.length
  }

  private get current(): Text | Stretch | undefined {
    return this.at < this.pieces.length ? this.pieces[this.at] : undefined
  }

  private from(piece: Stretch): Buffer | undefined {
    const chunk = piece.reader.next()
    if (chunk === undefined) {
      piece.reader.onMore = this.wake
      return undefined
    }
    const part = chunk.length > piece.left_bytes ? chunk.subarray(0, piece.left_bytes) : chunk
    piece.left_bytes -= part.length
    return part
  }
}

/** Of what is not there. */
const NOTHING: BodyReader = { next: () => undefined, done: true, failed: true, onMore: undefined, release: () => {} }
