import { Socket, type SocketConstructorOpts } from 'node:net'
import { createRequire } from 'node:module'

/** One buffer for the responses of a whole thread: what is read is parsed, and its body copied, before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

/** undici's parser keeps field lines as views of what it was given until the head, or the trailer, is complete. */
interface ResponseParser {
  readonly headers: Buffer[]
}

const { kParser } = createRequire(import.meta.url)('undici/lib/core/symbols.js') as { kParser: symbol }

/**
 * The socket of a pooled connection, as undici's parser reads it: 'readable', read(), unshift(). Bytes come in one buffer that is
 * used again and again, where a stream's own would be 64 KiB from the allocator for each read, cut to size and left to the collector.
 * Bytes that undici does not take at once (it is paused) are copied, and reading stops until it asks for more.
 */
export class ResponseSocket extends Socket {
  /** Not yet taken. */
  private rest: Buffer | null = null
  private stopped = false

  constructor(settings: SocketConstructorOpts) {
    const onread = { buffer: READ_BUFFER, callback: (bytes: number): boolean => this.received(bytes) }
    super({ ...settings, onread })
  }

  override read(size?: number): Buffer | null {
    // Node's own way of saying: start reading, or notice the end.
    if (size !== undefined) return super.read(size) as Buffer | null
    const { rest } = this
    if (rest !== null) this.rest = null
    else if (this.stopped) this.readOn()
    return rest
  }

  /** What the parser was given and had to leave, when it was paused. */
  override unshift(chunk: Buffer): void {
    if (chunk.length > 0) this.rest = Buffer.from(chunk)
  }

  /** False: stop reading. */
  private received(bytes: number): boolean {
    const chunk = READ_BUFFER.subarray(0, bytes)
    this.rest = chunk
    this.emit('readable')
    this.keepViews()
    if (this.rest === chunk) this.rest = Buffer.from(chunk)
    this.stopped = this.rest !== null
    return !this.stopped
  }

  private readOn(): void {
    this.stopped = false
    if (!this.destroyed) this._read(0)
  }

  /** Half a head: the rest of it will be read over what the parser holds. */
  private keepViews(): void {
    const headers = (this as unknown as Record<symbol, ResponseParser | null | undefined>)[kParser]?.headers
    if (headers === undefined) return
    for (let i = 0; i < headers.length; i++) if (headers[i].buffer === READ_BUFFER.buffer) headers[i] = Buffer.from(headers[i])
  }
}
