import type { FetchFilter, FilterLine, Sink } from '../fetch-filter.ts'
import { FRAME, frameHead, includeFrame, type FrameKind } from './frames.ts'
import type { EsiInclude } from './include.ts'
import { type EsiFeatures, type EsiOutput, EsiParser } from './parser.ts'

/** The filter esi of a fetch: parses a page on its way into its body, which gets frames. */
export class EsiFilter implements FetchFilter, EsiOutput {
  readonly trouble: EsiOutput['trouble']
  private readonly parser: EsiParser
  private line: FilterLine | undefined
  private next: Sink | undefined
  /** What of one kind has come since the last frame. */
  private readonly pieces: Buffer[] = []
  private kind: FrameKind = FRAME.verbatim
  private full = false

  constructor(url: string, features: EsiFeatures, trouble: EsiOutput['trouble']) {
    this.trouble = trouble
    this.parser = new EsiParser(this, url, features)
  }

  join(line: FilterLine, next: Sink): void {
    this.line = line
    this.next = next
  }

  take(chunk: Buffer): boolean {
    this.parser.push(chunk)
    this.flush()
    return !this.full
  }

  complete(): void {
    this.parser.finish()
    this.flush()
    this.next?.complete()
  }

  onRoom(): void {
    this.full = false
    this.line?.hasRoom(this)
  }

  drop(): void {
    this.line = this.next = undefined
  }

  verbatim(bytes: Buffer): void {
    this.collect(FRAME.verbatim, bytes)
  }

  skipped(bytes: Buffer): void {
    this.collect(FRAME.skipped, bytes)
  }

  include(include: EsiInclude): void {
    this.flush()
    this.put(includeFrame(include))
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

  private put(bytes: Buffer): void {
    if (this.next?.take(bytes) === false) this.full = true
  }
}
