import type { Gunzip, Gzip } from 'node:zlib'
import type { Conversion, ConversionOwner } from './conversion.ts'
import { underWay } from './zlib.ts'

/** By Node's streams alone: on a Node whose insides we do not know. What comes out is new memory each time. */
export class StreamConversion implements Conversion {
  private readonly stream: Gzip | Gunzip
  private over = false

  constructor(stream: Gzip | Gunzip, owner: ConversionOwner) {
    this.stream = stream
    underWay.conversions++
    const unlessOver =
      <A extends unknown[]>(tell: (...what: A) => void) =>
      (...what: A): void => {
        if (!this.over) tell(...what)
      }
    stream.on(
      'data',
      unlessOver((piece: Buffer) => owner.converted(piece)),
    )
    stream.on(
      'drain',
      unlessOver(() => owner.drained()),
    )
    stream.on(
      'end',
      unlessOver(() => this.finish(() => owner.cameToEnd())),
    )
    stream.on(
      'error',
      unlessOver((error: Error) => this.finish(() => owner.broke(error))),
    )
  }

  write(chunk: Buffer): boolean {
    return this.over || this.stream.write(Buffer.from(chunk))
  }

  end(): void {
    this.stream.end()
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.resume()
  }

  get paused(): boolean {
    return this.stream.isPaused()
  }

  recycle(): void {}

  close(): void {
    if (this.over) return
    this.over = true
    underWay.conversions--
    this.stream.destroy()
  }

  get full(): boolean {
    return this.stream.writableNeedDrain
  }

  get consumed_bytes(): number {
    return this.stream.bytesWritten
  }

  private finish(tell: () => void): void {
    this.close()
    tell()
  }
}
