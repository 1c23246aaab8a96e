import { FRAME, frameHead, includeFrame, type FrameKind } from './frames.ts'
import type { EsiInclude } from './include.ts'
import { PageFilter } from './page-filter.ts'

/** The filter esi of a fetch: the page is stored as it is. */
export class EsiFilter extends PageFilter {
  readonly name = 'esi'
  /** What of one kind has come since the last frame. */
  private readonly pieces: Buffer[] = []
  private kind: FrameKind = FRAME.verbatim

  verbatim(bytes: Buffer): void {
    this.collect(FRAME.verbatim, bytes)
  }

  skipped(bytes: Buffer): void {
    this.collect(FRAME.skipped, bytes)
  }

  protected putInclude(include: EsiInclude): void {
    this.flush()
    this.put(includeFrame(include))
  }

  protected parsed(): void {
    this.flush()
    this.handOn()
  }

  protected finish(): void {
    this.parsed()
    this.next?.complete()
  }

  private collect(kind: FrameKind, bytes: Buffer): void {
    if (kind !== this.kind) this.flush()
    this.kind = kind
    this.pieces.push(bytes)
  }

  private flush(): void {
    const { pieces } = this
    if (pieces.length === 0) return
    let length_bytes = 0
    for (const piece of pieces) length_bytes += piece.length
    this.put(frameHead(this.kind, length_bytes))
    for (const piece of pieces) this.put(piece)
    pieces.length = 0
  }
}
